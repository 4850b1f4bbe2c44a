"""Each stage as a container component: one folder per stage."""
