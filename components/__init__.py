"""Each stage as a container component: one folder per stage."""

# Before all imports that take time, so that Ctrl-C is handled from the beginning.
import autofocus as autofocus
