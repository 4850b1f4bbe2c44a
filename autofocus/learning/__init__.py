"""Learning: backbones, feature vectors, splits, the classifier layer, and its evaluation."""
