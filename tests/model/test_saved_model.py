"""Tests of a SavedModel's files."""

from pathlib import Path

from autofocus.model.saved_model import MODEL_FILES, put_in_place
from tests.predicting.models import make_model


def test_a_model_consists_of_the_known_files(tmp_path: Path) -> None:
    """What TensorFlow writes is what a stage may overwrite."""
    model = make_model(tmp_path)
    names = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert names == set(MODEL_FILES)


def test_a_model_leaves_other_files(tmp_path: Path) -> None:
    """A model that takes the place of an earlier one leaves what else is in its folders."""
    for folder, text in (("saved", "new"), ("model", "old")):
        for name in MODEL_FILES:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text)
    (tmp_path / "model" / "variables" / "mine").write_text("mine")
    put_in_place(tmp_path / "saved", tmp_path / "model")
    assert {(tmp_path / "model" / name).read_text() for name in MODEL_FILES} == {"new"}
    assert (tmp_path / "model" / "variables" / "mine").read_text() == "mine"
