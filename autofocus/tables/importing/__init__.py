"""Detections from the files of other programs, each detected by its content."""
