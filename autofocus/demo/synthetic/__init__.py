"""Synthetic camera-trap images and detection tables, drawn by rules."""
