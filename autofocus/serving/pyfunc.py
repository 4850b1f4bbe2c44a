"""A trained model for MLflow (`mlflow.pyfunc`): images to labels, the preprocessing inside.

It imports MLflow and pandas at its top: import it where they are installed.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from autofocus.serving.classifier import ImageClassifier
from autofocus.serving.results import ImageFile, ImageResult
from autofocus.tables.columns import PREDICTION_BOX

# The columns of the input.
IMAGE, CAMERA = "image", "camera"
# The name of the model's folder among MLflow's artifacts.
ARTIFACT = "model"
# Set by MLflow where the input comes from its server.
_SERVED = "_MLFLOW_IS_IN_SERVING_ENVIRONMENT"


class ImageModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined] # has no types
    """Labels the images of a table.

    Its column `image` has the bytes of image files, or the same in base64, or their paths; paths
    are not taken from MLflow's server. The optional column `camera` tells which images are of one
    camera: they are compared with each other to detect motion, for a model that needs it.
    """

    def load_context(self, context: Any) -> None:
        """Load the model.

        Args:
            context: of MLflow, with the model's folder among its artifacts.
        """
        self._classifier = ImageClassifier(Path(context.artifacts[ARTIFACT]))

    def predict(
        self,
        context: Any,  # noqa: ARG002 - MLflow's form
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - likewise
    ) -> pd.DataFrame:
        """Return a table with a row per image: status, label, score, decision and box.

        Args:
            context: of MLflow; not used.
            model_input: the table, or a mapping of columns.
            params: none are known.
        """
        table = pd.DataFrame(model_input)
        cameras = table[CAMERA] if CAMERA in table else [""] * len(table)
        images = [
            ImageFile(_content(value), str(number), "" if pd.isna(camera) else str(camera))
            for number, (value, camera) in enumerate(zip(table[IMAGE], cameras, strict=True))
        ]
        rows = [_row(result) for result in self._classifier.classify(images)]
        results = pd.DataFrame(rows, index=table.index)
        if os.environ.get(_SERVED):
            # JSON has no NaN, which MLflow would write all the same.
            results = results.astype(object).where(results.notna(), None)
        return results


def _content(value: object) -> bytes | Path:
    """Return an image of the input as bytes, or as the path of a file."""
    if isinstance(value, os.PathLike):
        return Path(value)
    if isinstance(value, str):
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (ValueError, binascii.Error):
            # Not for anybody on the network.
            return b"" if os.environ.get(_SERVED) else Path(value)
    return bytes(value)  # type: ignore[call-overload,no-any-return] # else it is an error


def _row(result: ImageResult) -> dict[str, Any]:
    box = result.to_json()["box"] or {"status": ""}
    row = {name: value for name, value in result.to_row().items() if name != "file"}
    return {**row, **{name: box.get(name.removeprefix("box_")) for name in PREDICTION_BOX}}
