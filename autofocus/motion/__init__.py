"""Motion detection: the part of an image that differs from those before and after."""
