"""Tests of `autofocus.common`."""
