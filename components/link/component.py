"""The interface of the link component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter

link = Component(
    "link",
    "Select the label that each image is trained on.",
    inputs=(Parameter("detections_clean", Dataset, "the table from clean"),),
    outputs=(
        Parameter("links", Dataset, "a table with one row per image and label"),
        Parameter("ledger", Dataset, "one row per image"),
    ),
    arguments=(
        Parameter(
            "labelmap",
            dict[str, str],
            "the label that replaces each label; others are kept",
            {},
        ),
        Parameter(
            "label_priority",
            list[str],
            'rules, such as "human > *", in the order in which they are applied',
            [],
        ),
    ),
)
