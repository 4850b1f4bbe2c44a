"""How good a classifier is on photographs that it did not learn from, and how sure that is."""
