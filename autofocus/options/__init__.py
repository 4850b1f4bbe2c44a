"""Options of stages: settings, command lines and parameter files."""
