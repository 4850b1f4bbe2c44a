"""From a dataset to a trained and evaluated model."""
