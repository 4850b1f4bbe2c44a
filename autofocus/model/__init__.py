"""The trained model: its SavedModel, its decisions and the vote of a sequence."""
