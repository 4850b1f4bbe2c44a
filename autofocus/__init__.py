"""Autofocus: from camera-trap photographs in an S3 bucket to a trained, tracked classifier."""

__version__ = "0.1.0"
