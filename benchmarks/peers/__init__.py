"""What the stages are measured against, each in plain form."""
