"""Whether the pixels of an image file are what the camera wrote."""
