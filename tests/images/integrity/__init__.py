"""Tests of the checks of image files."""
