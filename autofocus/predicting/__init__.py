"""Labelling many images: which ones, the probabilities of each, the table of predictions."""
