"""Calling a component's `main.py` as a pipeline does, on this machine or in its image."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.containers.archive import pack
from autofocus.runs.ledger import COLUMNS

# Where tests of components keep a synthetic set of photographs.
BUCKET = "components"
COMPONENTS = Path(__file__).parents[2] / "components"
# What each component gives.
OUTPUTS = {
    "anchor": ("anchor",),
    "download": ("images", "tables", "ledger"),
    "ingest": (
        *("tables", "preprocessed", "image_properties", "originals"),
        *("download_ledger", "ledger"),
    ),
    "preprocess": ("preprocessed", "image_properties", "originals", "ledger"),
    "clean": ("detections_clean", "all_image_properties", "ledger"),
    "link": ("links", "ledger"),
    "retrain": ("model", "metrics", "confusion_matrix", "report", "split", "ledger"),
    "fetch_model": ("model",),
    "predict": ("predictions", "ledger"),
    "publish": ("labels", "ledger"),
    "embed": ("embeddings", "ledger"),
}
OUTPUTS["fine_tune"] = OUTPUTS["retrain"]


def empty_ledger(folder: Path) -> Path:
    """Write the ledger of a stage that rejected nothing."""
    path = folder / "no_rejections"
    path.write_text(",".join(COLUMNS) + "\n")
    return path


@dataclass(frozen=True)
class Call:
    """One call of a component.

    Attributes:
        folder: where its outputs go.
        executor_input: what it is handed, as JSON.
    """

    folder: Path
    executor_input: str

    def __getitem__(self, output: str) -> Path:
        """Where an output lies."""
        return self.folder / output

    @property
    def metadata(self) -> dict[str, dict[str, Any]]:
        """What was recorded with each output."""
        text = (self.folder / "executor_output.json").read_text(encoding="utf-8")
        artifacts = json.loads(text)["artifacts"]
        return {name: value["artifacts"][0]["metadata"] for name, value in artifacts.items()}

    @property
    def made(self) -> list[str]:
        """Everything that stands in its folder, hidden or not."""
        return sorted(path.name for path in self.folder.iterdir())


def prepare(
    stage: str, folder: Path, parameters: Mapping[str, Any], **inputs: Path | Sequence[Path]
) -> Call:
    """Make what a pipeline would hand to a component.

    Args:
        stage: the component.
        folder: where its outputs are to go.
        parameters: by name.
        inputs: artifacts by name; several for a fan-in.
    """
    folder.mkdir(parents=True)

    def artifacts(paths: Path | Sequence[Path]) -> dict[str, Any]:
        paths = [paths] if isinstance(paths, Path) else paths
        return {
            "artifacts": [
                {"name": path.name, "uri": str(path), "metadata": recorded(path)} for path in paths
            ]
        }

    value = {
        "inputs": {
            "parameterValues": dict(parameters),
            "artifacts": {name: artifacts(paths) for name, paths in inputs.items()},
        },
        "outputs": {
            "artifacts": {name: artifacts(folder / name) for name in OUTPUTS[stage]},
            "outputFile": str(folder / "executor_output.json"),
        },
    }
    return Call(folder, json.dumps(value))


def recorded(path: Path) -> dict[str, Any]:
    """Return what was recorded with an artifact when it was made, as a cluster hands it on."""
    output = path.parent / "executor_output.json"
    if not output.is_file():
        return {}
    artifacts = json.loads(output.read_text(encoding="utf-8"))["artifacts"]
    found = artifacts.get(path.name, {"artifacts": [{}]})["artifacts"][0].get("metadata", {})
    return {name: float(x) if type(x) is int else x for name, x in found.items()}


def start(
    stage: str, call: Call, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a component's `main.py` on this machine, as its own process."""
    return subprocess.run(
        [
            sys.executable,
            COMPONENTS / stage / "main.py",
            "--executor_input",
            call.executor_input,
        ],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | dict(environment or {}),
    )


def archive(folder: Path, **texts: str) -> Path:
    """Pack files of these names, `__` for `/`, and contents."""
    source = folder / "source"
    names = {name.replace("__", "/").replace("_csv", ".csv"): name for name in texts}
    for path, name in names.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(texts[name])
    pack(source, list(names), folder / "archive")
    return folder / "archive"
