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

# motion_boxes.csv, written by preprocess_images --motion_boxes: one row a photograph.
MOTION_BOXES_NAME = "motion_boxes.csv"
MOTION_BOXES = (
    "filepath",  # of the preprocessed photograph
    "left",  # of the square around what moved, as a share of the width, 0 to 1
    "top",  # likewise of the height
    "width",  # likewise
    "height",  # likewise
    "score",  # how much moved, 0 to 1; 0 for a whole frame
    "frames",  # with how many others it was compared
    "status",  # motion, or whole_frame where nothing was found
    "detail",  # why not
)

# The detection tables that people give: one row a label on a photograph. Extra columns may stand
# beside these.
DETECTIONS = ("ImageDate", "FilePath", "FileName", "ShortName")

# detections_clean.csv, written by clean_detections: one row a photograph; then `location` where a
# column of the detections tells it, and a 0/1 column `contains_<label>` for each label.
CLEAN = ("date", "filepath", "time", "night", "mean_brightness")
LOCATION = "location"
CONTAINS = "contains_"

# links.csv, written by link_images_by_label: one row a link; then `location` where it is known.
LINKS_NAME = "links.csv"
LINKS = ("filepath", "label", "link")

# split.csv, written by retrain: one row a photograph.
SPLIT_NAME = "split.csv"
SPLIT = (
    "filepath",  # relative to the image folder
    "label",  # several with "; " between
    "location",  # empty where it isn't known
    "sequence",  # its folder, @, when its first frame was taken; empty likewise
    "group",  # what is never divided
    "part",  # training, validation or test; empty if it is left out
    "fold",  # of the cross-validation, from 1; empty without one
    "reason",  # why this part
)

# The table of predict: one row a photograph, readable or not; then the box where the model looks
# at what moved, then a column `probability_<label>` for each label where they are asked for.
PREDICTIONS = (
    "filepath",
    "label",  # a model of several labels gives all, with "; " between, and perhaps none
    "score",  # the highest probability, 0 to 1
    "status",  # ok, or the ledger's reason why the photograph can't be used
    "decision",  # accept where the score reaches the label's threshold, else review; empty without
    "sequence",  # its folder, @, when its first frame was taken; empty where that isn't told
    "sequence_label",  # from the mean of the probabilities of the sequence's frames
    "sequence_score",  # likewise
)
PREDICTION_BOX = (
    "box_left",  # shares of the photograph's width or height, without what was trimmed
    "box_top",
    "box_width",
    "box_height",
    "box_score",  # how much moved, 0 to 1
    "box_status",  # motion, or whole_frame where nothing could be told
)
PROBABILITY = "probability_"
