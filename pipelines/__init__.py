"""Pipelines: components wired together, compiled, run in local Docker and sent to a cluster."""

# Before all imports that take time, so that Ctrl-C is handled from the beginning.
import autofocus as autofocus
