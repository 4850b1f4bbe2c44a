"""Tests of labelling many photographs."""
