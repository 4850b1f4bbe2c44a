"""Labels: mapping them, deciding between them, and naming folders and links after them."""
