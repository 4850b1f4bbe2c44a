"""Which images belong together: locations, cameras and sequences."""
