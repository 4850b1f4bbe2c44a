"""The interface of the predict component."""

from kfp.dsl import Dataset, Model

from components.interface import Interface, Parameter

predict = Interface(
    "predict",
    "Label the photographs of one shard.",
    inputs=(
        Parameter("model", Model, "what retrain gave"),
        Parameter(
            "preprocessed", Dataset, "the small photographs that preprocess gives of the shard"
        ),
        Parameter(
            "preprocessing", Dataset, "the ledger of preprocess: what it rejected has a row, too"
        ),
    ),
    outputs=(
        Parameter(
            "predictions",
            Dataset,
            "a table with a row for each photograph, named by its key in the bucket: "
            "the label, what its sequence says, and whether a person must look",
        ),
        Parameter("ledger", Dataset, "a row for every photograph"),
    ),
    arguments=(
        Parameter(
            "indir",
            str,
            "the folder below the bucket's root that holds the photographs, as for preprocess",
            "",
        ),
    ),
)
