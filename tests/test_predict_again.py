"""Claims about predict when it is called again: with more images, or with another model."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from autofocus.errors import OutputConflictError
from autofocus.images.encoding import encode_image
from autofocus.images.reading import read_image
from autofocus.model.saved_model import digest_model
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from tests.features.pictures import make_classes
from tests.predicting.models import PREPARATION, make_model
from tests.test_predict import rows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies colours."""
    return make_model(tmp_path_factory.mktemp("model"), thresholds={"grass": 0.9})


@pytest.fixture(scope="module")
def later_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model with another threshold."""
    return make_model(tmp_path_factory.mktemp("later"), thresholds={"grass": 0.8})


def test_predictions_follow_the_model(model: Path, later_model: Path, tmp_path: Path) -> None:
    """With another model, every row is made anew and names it, and a note says so."""
    make_classes(tmp_path / "in", 2)
    predict(model, tmp_path / "in", tmp_path / "out.csv")
    result = predict(later_model, tmp_path / "in", tmp_path / "out.csv")
    assert (result.counts.ok, result.counts.reused) == (6, 0)
    digests = [digest_model(folder)[:12] for folder in (model, later_model)]
    assert {row["model"] for row in rows(result.predictions)} == {digests[1]}
    assert f"predictions of another model ({digests[0]}) were made anew by {digests[1]}" in (
        result.notes
    )
    again = predict(later_model, tmp_path / "in", tmp_path / "out.csv")
    assert (again.counts.ok, again.counts.reused) == (0, 6)
    assert not any("another model" in note for note in again.notes)


def test_a_change_of_model_may_be_interrupted(
    model: Path, later_model: Path, tmp_path: Path
) -> None:
    """Predictions that a stopped run made with another model are not taken over."""
    make_classes(tmp_path / "in", 2)
    expected = predict(later_model, tmp_path / "in", tmp_path / "expected.csv")
    predict(model, tmp_path / "in", tmp_path / "out.csv")
    memory = tmp_path / ".autofocus" / "predict.out.csv"
    for name in ("journal.jsonl", "journal.new.jsonl"):
        # As if the earlier model had labelled half of the images when it was stopped.
        lines = (memory / "finished.jsonl").read_text().splitlines(keepends=True)
        (memory / name).write_text("".join(lines[:3]))
        result = predict(later_model, tmp_path / "in", tmp_path / "out.csv")
        assert result.predictions.read_bytes() == expected.predictions.read_bytes()
        assert result.ledger.read_bytes() == expected.ledger.read_bytes()
        predict(model, tmp_path / "in", tmp_path / "out.csv")


def test_other_settings_conflict(model: Path, tmp_path: Path) -> None:
    """A table that was begun with another gap between events is not overwritten."""
    make_classes(tmp_path / "in", 1)
    predict(model, tmp_path / "in", tmp_path / "out.csv")
    with pytest.raises(OutputConflictError, match="event_gap"):
        predict(model, tmp_path / "in", tmp_path / "out.csv", PredictSettings(event_gap=5))


def test_a_model_is_known_by_what_it_learned(model: Path, tmp_path: Path) -> None:
    """Written again, a model has the same bytes and digest; with other weights another digest."""
    means, thresholds = model.parent / "means", {"grass": 0.9}
    same = make_model(tmp_path / "same", means=means, thresholds=thresholds)
    assert (same / "saved_model.pb").read_bytes() == (model / "saved_model.pb").read_bytes()
    assert digest_model(same) == digest_model(model)
    other = make_model(tmp_path / "other", sharpness=39.0, means=means, thresholds=thresholds)
    assert digest_model(other) != digest_model(model)


def test_a_model_of_an_earlier_version_still_labels(model: Path, tmp_path: Path) -> None:
    """Without digests in its description, its files identify it, and all images are labelled."""
    shutil.copytree(model, tmp_path / "earlier")
    asset = tmp_path / "earlier" / "assets" / "autofocus.json"
    values = json.loads(asset.read_text())
    for name in ("human_labels", "weights_digest", "split_digest"):
        del values[name]
    asset.write_text(json.dumps(values))
    (tmp_path / "earlier" / "checksums.json").unlink()
    (tmp_path / "earlier" / "split.csv").write_text("filepath,part\na.JPG,training\n")
    make_classes(tmp_path / "in", 1)
    result = predict(tmp_path / "earlier", tmp_path / "in", tmp_path / "out.csv")
    assert {row["model"] for row in rows(result.predictions)} == {
        digest_model(tmp_path / "earlier")[:12]
    }
    assert digest_model(tmp_path / "earlier") != digest_model(model)
    assert result.counts.ok == 3


def test_a_folder_gets_predictions_csv(model: Path, tmp_path: Path) -> None:
    """With a folder as outpath, the tables in it are predictions.csv and events.csv."""
    make_classes(tmp_path / "in", 1)
    (tmp_path / "results").mkdir()
    result = predict(model, tmp_path / "in", tmp_path / "results")
    assert result.predictions == tmp_path / "results" / "predictions.csv"
    assert result.events == tmp_path / "results" / "events.csv"
    assert len(rows(result.predictions)) == 3


def test_a_single_image_is_labelled(model: Path, tmp_path: Path) -> None:
    """Given as indir, it alone is, even if the model was trained with it."""
    make_classes(tmp_path / "in", 2)
    shutil.copytree(model, tmp_path / "model")
    path = tmp_path / "in" / "night" / "001.JPG"
    digest = hashlib.sha256(prepared(path)).hexdigest()
    (tmp_path / "model" / "split.csv").write_text(f"part,digest\ntraining,{digest}\n")
    everything = predict(tmp_path / "model", tmp_path / "in", tmp_path / "all.csv")
    assert everything.counts.reasons == {"labelled": 1}
    result = predict(tmp_path / "model", path, tmp_path / "out.csv")
    (row,) = rows(result.predictions)
    assert (row["filepath"], row["original"]) == ("in/night/001.JPG", "001.JPG")
    assert (row["label"], row["split"]) == ("night", "train")


def prepared(path: Path) -> bytes:
    """Return the bytes of an image as preprocess_images writes it for the model."""
    decoded = read_image(path, PREPARATION)
    return encode_image(decoded.image, decoded.capture, path.name)
