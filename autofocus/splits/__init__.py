"""Training, validation and test: groups, assignment, folds and the leak check."""
