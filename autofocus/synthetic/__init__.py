"""Synthetic camera-trap photographs and detection tables, in the layout of the zoo's data."""
