"""Labelling many photographs: which ones, what a network sees of each, what its answer means."""
