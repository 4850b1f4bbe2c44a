"""Embeddings: a folder with all that a training needs of images, in place of the images."""
