"""Every component's container, called with the executor inputs of a real cluster."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from autofocus.containers.archive import read_manifest
from autofocus.demo.local_server import LocalS3Server
from tests.docker.backend import Artifact, Backend
from tests.samples import upload_sample

Images = Callable[[str], str]
BUCKET = "backend"
SHARDS = ("0/2", "1/2")
ANCHOR = ("python", "-m", "autofocus.containers.anchor", "--executor_input")
Made = dict[str, Any]


@pytest.fixture(scope="module")
def backend(
    images: Images,  # noqa: ARG001 - they must be built
    s3_server: LocalS3Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Backend:
    """A run with a sample in a bucket on this machine, which containers reach."""
    folder = tmp_path_factory.mktemp("backend")
    upload_sample(s3_server, BUCKET, folder / "sample", sequences=16, sites=4)
    options = {"network": "host", "environment": s3_server.environment, "options": []}
    return Backend(folder / "s3", options)


@pytest.fixture(scope="module")
def prepared(backend: Backend, images: Images, s3_server: LocalS3Server) -> Made:
    """The anchor, and both shards downloaded and preprocessed."""
    made: Made = backend.call("anchor", images("download"), {"cache_salt": ""}, ANCHOR)
    download = {
        "bucket": BUCKET,
        "endpoint_url": s3_server.endpoint_url,
        "manifest": "unchecked-1",
        "max_rejected": 0.1,
        "output_prefix": "autofocus/",
        "patience": 300,
        "prefix": "",
        "sample": 0,
    }
    preprocess = {
        "indir": "lpz_data",
        "extensions": ["JPG", "JPEG", "PNG"],
        "max_rejected": 0.1,
        "min_side": 256,
        "night_tolerance": 2,
        "trim_bottom": 198,
        "trim_top": 0,
    }
    for shard in SHARDS:
        brought = backend.call(
            "download", images("download"), download | {"shard": shard}, anchor=[made["anchor"]]
        )
        small = backend.call(
            "preprocess", images("preprocess"), preprocess, images=[brought["images"]]
        )
        for name, artifact in {**small, "tables": brought["tables"]}.items():
            # Lists may come in any order.
            made.setdefault(name, []).insert(0, artifact)
    return made


@pytest.fixture(scope="module")
def model(backend: Backend, images: Images, prepared: Made) -> Artifact:
    """The model that is trained on both shards."""
    cleaned = backend.call(
        "clean",
        images("clean"),
        {
            "detections": ["lpz_data/detections_*.csv"],
            "date_format": "",
            "location_column": "",
            "max_rejected": 1,
            "strip_components": 2,
            "download_max_rejected": 0.1,
            "preprocess_max_rejected": 0.2,
        },
        tables=prepared["tables"],
        image_properties=prepared["image_properties"],
        anchor=[prepared["anchor"]],
    )
    linked = backend.call(
        "link",
        images("link"),
        {"labelmap": {}, "label_priority": [], "keep_unresolved": True, "max_rejected": 1},
        detections_clean=[cleaned["detections_clean"]],
    )
    trained = backend.call(
        "retrain",
        images("retrain"),
        {
            "testing_percentage": 20,
            "validation_percentage": 20,
            "folds": 0,
            "learning_rate": 0.01,
            "view": "full",
            "max_rejected": 0.1,
            "mlflow_tracking_uri": "",
            "empty_labels": ["empty"],
        },
        preprocessed=prepared["preprocessed"],
        links=[linked["links"]],
        anchor=[prepared["anchor"]],
    )
    metrics = trained["metrics"]["metadata"]
    assert 0 <= metrics["test_accuracy"] <= 1
    assert (backend.path(trained["report"])).read_text().endswith("</html>")
    return trained["model"]


def test_shards_come_through_download_and_preprocess(backend: Backend, prepared: Made) -> None:
    """Both shards' images arrive whole, and each records what both stages rejected."""
    for archive, table in zip(prepared["preprocessed"], prepared["image_properties"], strict=True):
        assert read_manifest(backend.path(archive))
        metadata = table["metadata"]
        assert metadata["download_images_inputs"] > 0
        assert metadata["preprocess_images_inputs"] == metadata["inputs"] > 0


def test_a_model_comes_out_of_all_shards(backend: Backend, model: Artifact) -> None:
    """Clean, link and retrain take lists in any order, and end with a SavedModel."""
    assert (backend.path(model) / "saved_model.pb").is_file()
    assert "display_name" in model["metadata"]


def test_labels_of_all_shards_are_published(
    backend: Backend,
    images: Images,
    prepared: Made,
    model: Artifact,
    s3_server: LocalS3Server,
) -> None:
    """Predict labels each shard, and publish puts one table of all into the bucket."""
    predictions = [
        backend.call(
            "predict",
            images("predict"),
            {
                "indir": "lpz_data",
                "extensions": ["JPG", "JPEG", "PNG"],
                "max_rejected": 0.1,
                "probabilities": False,
                "include_labelled": True,
            },
            model=[model],
            preprocessed=[small],
            preprocessing=[ledger],
        )["predictions"]
        for small, ledger in zip(prepared["preprocessed"], prepared["ledger"], strict=True)
    ]
    published = backend.call(
        "publish",
        images("publish"),
        {
            "bucket": BUCKET,
            "endpoint_url": s3_server.endpoint_url,
            "output_prefix": "autofocus/",
            "patience": 300,
            "download_max_rejected": 0.1,
            "preprocess_max_rejected": 0.2,
            "predict_max_rejected": 0.1,
        },
        predictions=predictions,
        anchor=[prepared["anchor"]],
    )
    labels = backend.path(published["labels"]).read_text().splitlines()
    inputs = sum(each["metadata"]["inputs"] for each in predictions)
    assert len(labels) == inputs + 1


def test_what_containers_are_handed_is_strict_json(backend: Backend, prepared: Made) -> None:
    """What is recorded survives a round through the server: plain numbers and texts alone."""
    for artifact in prepared["preprocessed"]:
        kinds = {type(value) for value in artifact["metadata"].values()}
        assert kinds <= {str, float}
        assert json.loads(artifact["metadata"]["store_session_info"])["Provider"] == "s3"
    assert os.listdir(backend.folder) == ["artifacts"]  # noqa: PTH208 - hidden ones, too
