"""What a network sees of an image, for training and prediction alike, and its embeddings."""
