"""The columns of every table, in one place.

A path in a table is relative to the folder that holds the table, with `/` between its parts, so
that a results folder can be moved. Absolute paths in tables from elsewhere are understood.
"""

# image_properties.csv, written by preprocess_images: one row per image.
PROPERTIES_NAME = "image_properties.csv"
PROPERTIES = (
    "filepath",  # of the preprocessed image
    "date",  # YYYY-MM-DD, from EXIF; empty where there is none
    "time",  # HH:MM:SS; empty where there is none
    "night",  # 1 where all channels are the same (within the tolerance), else 0
    "mean_brightness",  # of the preprocessed image in grayscale, 0 to 255
    "time_source",  # the EXIF field of date and time
    "width",  # of the original, upright, in pixels
    "height",  # of the original, footer included, in pixels
    "camera_make",
    "camera_model",
)

# motion_boxes.csv, written by preprocess_images --motion_boxes: one row per image.
MOTION_BOXES_NAME = "motion_boxes.csv"
MOTION_BOXES = (
    "filepath",  # of the preprocessed image
    "left",  # edge of the box, as a share of the image's width, 0 to 1
    "top",  # edge of the box, as a share of the image's height
    "width",  # of the box, as a share of the image's width
    "height",  # of the box, as a share of the image's height
    "score",  # amount of motion, 0 to 1; 0 for a whole frame
    "frames",  # number of other frames that it was compared with
    "status",  # motion, or whole_frame where none was found
    "detail",  # why none was found
)

# boxes.csv, written by preprocess_images --boxes: one row per box, or one for the whole frame.
BOXES_NAME = "boxes.csv"
BOXES = (
    *MOTION_BOXES[:5],
    "score",  # amount of motion or the detector's confidence, 0 to 1; 0 for a whole frame
    "frames",  # number of other frames that it was compared with
    "status",  # motion, detector, both, or whole_frame where nothing was found
    "detail",  # why nothing was found
)

# The detection tables that people write: one row per label of an image. They may have further
# columns.
DETECTIONS = ("ImageDate", "FilePath", "FileName", "ShortName")

# detections_clean.csv, written by clean_detections: one row per image; then those of the optional
# columns that the detections give, and a 0/1 column `contains_<label>` per label.
CLEAN = ("date", "filepath", "time", "night", "mean_brightness")
LOCATION = "location"
SEQUENCE = "sequence"
COUNT = "count"
SOURCE = "source"
BOX = ("box_left", "box_top", "box_width", "box_height", "box_score")
CLEAN_OPTIONAL = (
    LOCATION,  # where the camera stood
    SEQUENCE,  # the name of the sequence that the image belongs to
    COUNT,  # number of animals
    SOURCE,  # who labelled the image: human or model
    *BOX,  # the box with the highest score, as shares of the original image
)
HUMAN, MODEL = "human", "model"

# The table of import_corrections: one row per label of a reviewed image.
CORRECTION = "correction"
CORRECTIONS = (
    "filepath",  # of the original, relative to the folder of originals
    "date",  # YYYY-MM-DD, may be empty
    "label",
    SOURCE,  # who gave the label: human or model
    "by",  # the person's name, may be empty
    "when",  # as the program of the review tells it, may be empty
    CORRECTION,  # 1: the row replaces all other labels of its image
)
CONTAINS = "contains_"

# links.csv, written by link_images_by_label: one row per link; then the optional columns that the
# table of labels has.
LINKS_NAME = "links.csv"
LINKS = ("filepath", "label", "link")

# split.csv, written by retrain: one row per image.
SPLIT_NAME = "split.csv"
SPLIT = (
    "filepath",  # relative to the image folder
    "label",  # several with "; " between
    "location",  # empty if unknown
    "sequence",  # its camera, @, the time of its first frame; empty if unknown
    "group",  # images of one group are never in different splits
    "part",  # training, validation or test; empty if the image is not used
    "fold",  # of the cross-validation, from 1; empty without one
    "reason",  # why this part
    "original",  # of the image, relative to the folder of the originals
    "digest",  # SHA-256 of the image's content, by which predict recognises it
)

# The table of predict: one row per image, rejected ones included; then the box if the model crops
# to motion, then a column `probability_<label>` per label if they are requested.
PREDICTIONS = (
    "filepath",
    "label",  # several, or none, with "; " between, by a model of several labels per image
    "score",  # the highest probability, 0 to 1
    "status",  # ok, or the ledger's reason why the image is rejected
    "decision",  # of the image: accept if its score reaches the label's threshold, else review
    "sequence",  # its camera, @, the time of its first frame; empty if unknown
    "sequence_label",  # from the weighted mean of the probabilities of the sequence's frames
    "sequence_score",  # the highest of these means, calibrated, 0 to 1
    "sequence_decision",  # of the sequence, by thresholds of its own: accept or review
    "sequence_review_reason",  # why a person must review it; empty if nobody need
    "original",  # path of the original image, relative to the folder of the originals
    "date",  # YYYY-MM-DD, by the camera's clock; empty if unknown
    "time",  # HH:MM:SS; empty if unknown
    "location",  # where the camera stood; empty if unknown
    "event",  # its location or folder, @, the label, @, the time of its first image
    "night",  # 1 for an image in infrared light, else 0
    "camera",  # make and model; empty if unknown
    "second_label",  # the label with the second highest probability
    "second_score",  # that probability, 0 to 1
    "review_reason",  # why a person must review the image; empty if nobody need
    "split",  # train, validation or test; empty for an image that the model wasn't trained with
    "model",  # the first hex digits of the model's digest, and the version if it is registered
)
PREDICTION_BOX = (
    "box_left",  # shares of the image's width or height, without what was cropped
    "box_top",
    "box_width",
    "box_height",
    "box_score",  # amount of motion, 0 to 1
    "box_status",  # motion, or whole_frame if none was detected
)
# Then, of a model that uses the detector: all that it found, repeats left out.
BOX_COUNT = "boxes"  # number of boxes that reach the detector's threshold
DETECTIONS_FOUND = "detections"  # left, top, width, height and score of each, "; " between
# Then, of a model that can tell: how likely the image shows anything at all, 0 to 1.
ANIMAL_SCORE = "animal_score"
PROBABILITY = "probability_"

# events.csv, beside the table of predict: one row per event, which is the images of one camera
# and location with the same label, without a long pause.
EVENTS_NAME = "events.csv"
EVENTS = (
    "event",  # as in the table of predict
    "location",  # empty if unknown
    "label",
    "start",  # date and time of its first image, in ISO format
    "end",  # date and time of its last image
    "images",  # number of images
    "animals",  # largest count of boxes in one image; 1 where boxes are unknown, 0 if empty
    "score",  # mean score of its images, 0 to 1
)
