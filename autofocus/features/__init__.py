"""What the network sees of an image, for training and prediction alike."""
