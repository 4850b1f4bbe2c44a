"""A synthetic sample that is about as hard as real images: `python -m benchmarks.hard_sample`."""
