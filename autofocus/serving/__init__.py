"""A model that labels images one request at a time: over HTTP, and by MLflow."""
