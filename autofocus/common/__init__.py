"""What every stage stands on: errors, settings, ledgers, resumable work, progress, commands."""
