"""The anchor component."""
