"""The one box of each image, from motion and the detector."""
