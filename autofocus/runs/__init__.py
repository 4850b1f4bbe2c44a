"""What every stage's run stands on: workspace, journal, ledger, parallel work, progress."""
