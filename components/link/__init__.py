"""The link component."""
