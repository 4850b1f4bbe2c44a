"""The interface of the predict component."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

from autofocus.predict import PredictSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(PredictSettings)
def predict(
    model: Input[Model],
    preprocessed: Input[Dataset],
    preprocessing: Input[Dataset],
    predictions: Output[Dataset],
    ledger: Output[Dataset],
    indir: str = "",
    extensions: list[str] = ["JPG", "JPEG", "PNG"],
    photographs: str = "auto",
    probabilities: bool = False,
    batch: int = 32,
    jobs: int = 0,
    max_rejected: float = 0.1,
) -> dsl.ContainerSpec:
    """Label the photographs of one shard.

    Args:
        model: what retrain gave
        preprocessed: the small photographs that preprocess gives of the shard
        preprocessing: the ledger of preprocess: what it rejected has a row, too
        predictions: a table with a row for each photograph, named by its key in the bucket: the
            label, what its sequence says, and whether a person must look
        ledger: a row for every photograph
        indir: the folder below the bucket's root that holds the photographs, as for preprocess
    """
    return container("predict")
