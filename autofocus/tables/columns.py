"""The columns of every table, in one place.

A path in a table is relative to the folder that holds the table, with `/` between its parts, so
that a results folder can be moved. Absolute paths in tables from elsewhere are understood.
"""

# image_properties.csv, written by preprocess_images: one row a photograph.
PROPERTIES_NAME = "image_properties.csv"
PROPERTIES = (
    "filepath",  # of the preprocessed photograph
    "date",  # YYYY-MM-DD, from EXIF; empty where there is none
    "time",  # HH:MM:SS, likewise
    "night",  # 1 where all channels are the same (within the tolerance), else 0
    "mean_brightness",  # of the preprocessed photograph in grayscale, 0 to 255
    "time_source",  # the EXIF field that date and time are from
    "width",  # of the original, upright, in pixels
    "height",  # likewise, footer included
    "camera_make",
    "camera_model",
)

# The detection tables that people give: one row a label on a photograph. Extra columns may stand
# beside these.
DETECTIONS = ("ImageDate", "FilePath", "FileName", "ShortName")

# detections_clean.csv, written by clean_detections: one row a photograph, then a 0/1 column
# `contains_<label>` for each label.
CLEAN = ("date", "filepath", "time", "night", "mean_brightness")
CONTAINS = "contains_"

# links.csv, written by link_images_by_label: one row a link.
LINKS_NAME = "links.csv"
LINKS = ("filepath", "label", "link")

# The table of predict: one row a photograph, then a column `probability_<label>` for each label.
PREDICTIONS = ("filepath", "label", "score")
PROBABILITY = "probability_"
