"""Labels: label map, priority rules, and the names of label folders and links."""
