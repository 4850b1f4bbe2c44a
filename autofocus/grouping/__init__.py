"""Which photographs belong together: one place, one camera, one burst."""
