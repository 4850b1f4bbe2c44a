"""Keeping track: MLflow runs, pictures, the report."""
