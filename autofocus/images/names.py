"""Names of files that stages without Pillow know, too."""

# Beside preprocessed photographs, and with whatever is made of them: how they were made ready.
PREPARATION_NAME = "preparation.json"
