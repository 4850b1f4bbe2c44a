"""The interface of the link component."""

from kfp.dsl import Dataset

from components.interface import Interface, Parameter

link = Interface(
    "link",
    "Decide under which label each photograph is learned.",
    inputs=(Parameter("detections_clean", Dataset, "the table that clean gives"),),
    outputs=(
        Parameter("links", Dataset, "a table with a row for each photograph and label"),
        Parameter("ledger", Dataset, "a row for every photograph"),
    ),
    arguments=(
        Parameter(
            "labelmap",
            dict[str, str],
            "what each label counts as; labels that are not in it stay",
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
