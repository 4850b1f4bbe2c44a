"""Boxes in images: where something moved or was detected, and the crop that a classifier sees."""
