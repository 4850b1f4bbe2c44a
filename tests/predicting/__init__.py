"""Tests of labelling many images."""
