"""The embedded detector: boxes around animals, people and vehicles in a single image."""
