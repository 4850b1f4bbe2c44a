"""How accurate a classifier is on images that it was not trained on, with confidence intervals."""
