"""Each stage as a container component: one folder a stage."""
