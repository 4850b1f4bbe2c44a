"""Tests of what benchmarks measure on."""
