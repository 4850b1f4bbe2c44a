"""Claims about the stage predict."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from autofocus.common.errors import InputDataError, MissingInputError, OutputConflictError
from autofocus.images.preparing import Preparation
from autofocus.learning.backbones import load_backbone
from autofocus.learning.classifier import Description, build, put_in_place
from autofocus.learning.head import Head
from autofocus.learning.loading import load, to_batch
from autofocus.predict import PredictSettings, predict
from autofocus.preprocess_images import PreprocessSettings, preprocess_images
from tests.learning.pictures import COLOURS, make_classes

PREPARATION = Preparation(trim_top=0, trim_bottom=8, min_side=32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose layer was found from one picture of each label."""
    folder = tmp_path_factory.mktemp("model")
    backbone = load_backbone("efficientnet-lite0")
    make_classes(folder / "pictures", 1)
    labels = tuple(sorted(COLOURS))
    paths = [folder / "pictures" / label / "000.JPG" for label in labels]
    features = backbone.features(to_batch([load(p, backbone.image_size) for p in paths]))
    weights = 0.05 * (features - features.mean(axis=0)).T
    bias = -0.5 * (features @ weights).diagonal()
    description = Description(
        labels, backbone.image_size, backbone.name, backbone.digest, "final", PREPARATION
    )
    build(backbone, Head(weights, bias), description, folder).save(folder / "saved")
    put_in_place(folder / "saved", folder / "model")
    return folder / "model"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_photographs_get_their_labels(model: Path, tmp_path: Path) -> None:
    """Each picture of a plain colour is named after it, with probabilities that sum up to 1."""
    make_classes(tmp_path / "in", 3)
    result = predict(model, tmp_path / "in", tmp_path / "out.csv")
    table = rows(result.predictions)
    assert [row["label"] for row in table] == [Path(row["filepath"]).parts[1] for row in table]
    for row in table:
        shares = {label: float(row[f"probability_{label}"]) for label in COLOURS}
        assert sum(shares.values()) == pytest.approx(1, abs=2e-3)
        assert float(row["score"]) == max(shares.values())


def test_paths_are_relative_to_the_table(model: Path, tmp_path: Path) -> None:
    """From the table's folder, each path leads to its photograph."""
    make_classes(tmp_path / "in", 1)
    result = predict(model, tmp_path / "in", tmp_path / "a" / "out.csv")
    assert all((tmp_path / "a" / row["filepath"]).is_file() for row in rows(result.predictions))


def test_raw_photographs_are_prepared_as_the_model_s_were(model: Path, tmp_path: Path) -> None:
    """A footer of another colour is trimmed away before the model sees it."""
    make_classes(tmp_path / "in", 1, ("sand",))
    path = tmp_path / "in" / "sand" / "000.JPG"
    with Image.open(path) as scene:
        whole = Image.new("RGB", (64, 56), (60, 140, 50))
        whole.paste(scene, (0, 0))
    whole.save(path, quality=92)
    raw = rows(predict(model, tmp_path / "in", tmp_path / "raw.csv").predictions)
    as_it_is = PredictSettings(photographs="preprocessed")
    untrimmed = rows(predict(model, tmp_path / "in", tmp_path / "whole.csv", as_it_is).predictions)
    assert float(raw[0]["probability_sand"]) > float(untrimmed[0]["probability_sand"]) + 0.05


def test_preprocessed_photographs_are_known_as_such(model: Path, tmp_path: Path) -> None:
    """The preparation beside them tells that they are not to be trimmed again."""
    make_classes(tmp_path / "in", 2)
    preprocess_images(
        tmp_path / "in", tmp_path / "small", PreprocessSettings(trim_bottom=8, min_side=32)
    )
    raw = predict(model, tmp_path / "in", tmp_path / "raw.csv")
    small = predict(model, tmp_path / "small", tmp_path / "small.csv")
    assert [row["label"] for row in rows(raw.predictions)] == [
        row["label"] for row in rows(small.predictions)
    ]
    assert "photographs were taken as they are" in small.notes


def test_photographs_preprocessed_otherwise_are_refused(model: Path, tmp_path: Path) -> None:
    """What was trimmed in another way than the model's photographs is told, not labelled."""
    make_classes(tmp_path / "in", 1)
    (tmp_path / "in" / "preparation.json").write_text(json.dumps(Preparation().to_json()))
    with pytest.raises(InputDataError, match="preprocess them likewise"):
        predict(model, tmp_path / "in", tmp_path / "out.csv")


def test_broken_files_are_in_the_ledger(model: Path, tmp_path: Path) -> None:
    """A file that is no picture is rejected there, and has no row among the labels."""
    make_classes(tmp_path / "in", 4, ("sand",))
    (tmp_path / "in" / "broken.JPG").write_text("text")
    settings = PredictSettings(max_rejected=0.5)
    result = predict(model, tmp_path / "in", tmp_path / "out.csv", settings)
    assert len(rows(result.predictions)) == 4
    assert [r["reason"] for r in rows(result.ledger) if r["status"] == "rejected"] == [
        "not_an_image"
    ]


def test_a_second_call_labels_only_what_is_new(model: Path, tmp_path: Path) -> None:
    """Labels that stand are reused, a new photograph gets one."""
    make_classes(tmp_path / "in", 2)
    predict(model, tmp_path / "in", tmp_path / "out.csv")
    make_classes(tmp_path / "in", 3, ("night",))
    counts = predict(model, tmp_path / "in", tmp_path / "out.csv").counts
    # make_classes writes the pictures of this label anew.
    assert (counts.ok, counts.reused) == (3, 4)


def test_another_model_on_the_same_table_is_refused(model: Path, tmp_path: Path) -> None:
    """A table never holds the labels of two models."""
    import shutil

    make_classes(tmp_path / "in", 1)
    predict(model, tmp_path / "in", tmp_path / "out.csv")
    shutil.copytree(model, tmp_path / "other")
    with (tmp_path / "other" / "variables" / "variables.data-00000-of-00001").open("ab") as file:
        file.write(b" ")
    with pytest.raises(OutputConflictError, match="model"):
        predict(tmp_path / "other", tmp_path / "in", tmp_path / "out.csv")


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    """Where there is no model, the option to check is named."""
    make_classes(tmp_path / "in", 1)
    with pytest.raises(MissingInputError, match="--saved_model_dir"):
        predict(tmp_path, tmp_path / "in", tmp_path / "out.csv")


@pytest.mark.parametrize("name", ["empty", "gone"])
def test_an_empty_shard_may_be_fine(model: Path, tmp_path: Path, name: str) -> None:
    """Where nothing is allowed, the table has its columns and no row; else it is an error."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError):
        predict(model, tmp_path / name, tmp_path / "out.csv")
    settings = PredictSettings(allow_empty=True)
    result = predict(model, tmp_path / name, tmp_path / "out.csv", settings)
    probabilities = [f"probability_{label}" for label in sorted(COLOURS)]
    assert result.predictions.read_text().splitlines() == [
        ",".join(["filepath", "label", "score", *probabilities])
    ]
    assert result.counts.inputs == 0
