"""The fine_tune component."""
