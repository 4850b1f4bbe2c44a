"""The preprocess component."""
