"""Pipelines: components wired together, compiled, run in local Docker and sent to a cluster."""
