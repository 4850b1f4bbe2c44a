"""Weights that PyTorch has written, read without PyTorch."""
