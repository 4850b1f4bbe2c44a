"""What MLflow needs to log a model that takes images, and to load it anywhere."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from autofocus.model.saved_model import ONNX_NAME, POSSIBLE_FILES

_PACKAGE = Path(__file__).parents[1]
# What stays out of the code that is logged with a model.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "demo", "sample_data", ".*")
_CARD = "MODEL_CARD.md"
_ARTIFACT = "model"
# Where the SavedModel is among the files of the model in MLflow.
MODEL_FOLDER = f"artifacts/{_ARTIFACT}"
# The packages that a model needs, besides MLflow; the first of each tuple that is installed.
_PACKAGES = (
    ("tensorflow", "tensorflow-cpu"),
    ("numpy",),
    ("pandas",),
    ("Pillow",),
    ("tqdm",),
)
# Width and height of the image of the example, in pixels: large enough to crop a footer.
_EXAMPLE_SIZE = (640, 480)


@contextmanager
def logged_model(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the arguments of `mlflow.pyfunc.log_model` for a model.

    The package's own code is logged with the model, as it is not in a package index.

    Args:
        folder: the model, as written by `retrain`.
    """
    with TemporaryDirectory(prefix="autofocus-") as name:
        scratch = Path(name)
        _copy_model(folder, scratch / _ARTIFACT)
        shutil.copytree(_PACKAGE, scratch / "autofocus", ignore=_LEFT_OUT)
        yield {
            "python_model": str(_PACKAGE / "serving" / "mlflow_model.py"),
            "artifacts": {_ARTIFACT: str(scratch / _ARTIFACT)},
            "code_paths": [str(scratch / "autofocus")],
            "signature": _signature(),
            "input_example": _example(),
            # Given, as MLflow would load the model in another process to find them.
            "pip_requirements": _requirements(folder),
        }


def _copy_model(folder: Path, target: Path) -> None:
    for name in (*POSSIBLE_FILES, _CARD):
        if (folder / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target / name)


def _requirements(folder: Path) -> list[str]:
    onnx = (("onnxruntime",),) if (folder / "assets" / ONNX_NAME).exists() else ()
    return [_pinned(names) for names in (*_PACKAGES, *onnx)]


def _pinned(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return f"{name}=={version(name)}"
        except PackageNotFoundError:
            continue
    return names[0]


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    text, number = DataType.string, DataType.double
    outputs = {
        "status": text,
        "detail": text,
        "label": text,
        "score": number,
        "decision": text,
        "review_reason": text,
        "second_label": text,
        "second_score": number,
        "box_left": number,
        "box_top": number,
        "box_width": number,
        "box_height": number,
        "box_score": number,
        "box_status": text,
    }
    return ModelSignature(
        inputs=Schema(
            [ColSpec(DataType.binary, "image"), ColSpec(text, "camera", required=False)]
        ),
        outputs=Schema([ColSpec(kind, name, required=False) for name, kind in outputs.items()]),
    )


def _example() -> Any:
    """Return a table with one image: from black at the left to white at the right."""
    import pandas as pd
    from PIL import Image

    content = BytesIO()
    ramp = Image.linear_gradient("L").rotate(90).resize(_EXAMPLE_SIZE)
    ramp.convert("RGB").save(content, "JPEG", quality=50)
    return pd.DataFrame({"image": [content.getvalue()]})
