"""Tests of `autofocus.images`."""
