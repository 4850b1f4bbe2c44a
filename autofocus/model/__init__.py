"""A trained classifier: its SavedModel, head, decision rule and the vote of sequences."""
