"""The report of a training, and its pictures."""
