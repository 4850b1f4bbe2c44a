"""Results in the formats that other programs open: one row type, and a module per format."""
