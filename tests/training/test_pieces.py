"""Claims about the finished pieces of a training that was interrupted."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.model.head import Head
from autofocus.training import pieces as pieces_module
from autofocus.training.checkpoint import TrainingState
from autofocus.training.fitting import FitResult, HeadSettings
from autofocus.training.pieces import Pieces, digest_names
from autofocus.training.scores import Measurement, Scores
from autofocus.training.selection import TrainingSet, choose
from tests.training.blobs import uneven

RESULT = FitResult(
    Head(np.array([[0.1, 1 / 3]], np.float32), np.array([1e-30, -2], np.float32), multilabel=True),
    strength=10**-0.5,
    converged=False,
    steps=7,
    best_step=5,
    history=(Measurement(5, Scores(0.1, 1 / 3), None), Measurement(7, None, Scores(1.0, 0.0))),
)

SETTINGS = HeadSettings(strengths=(1.0, 0.1, 0.01), patience=9)


@pytest.fixture(autouse=True)
def everything_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pieces that take no time, too."""
    monkeypatch.setattr(pieces_module, "LEAST_S", 0.0)


def keep(pieces: Pieces, result: FitResult | None = None, name: str = "head") -> FitResult:
    """Return a piece; without a result it must be there already."""

    def compute() -> FitResult:
        assert result is not None, "it is computed anew"
        return result

    return pieces.keep(name, compute, FitResult.pack, FitResult.unpack)


def of(folder: Path, subject: str = "subject") -> Pieces:
    """Return the pieces of a start of the training."""
    return Pieces(folder, folder / "tmp", subject)


def test_a_piece_comes_back_bit_by_bit(tmp_path: Path) -> None:
    """After a restart, a head and its history are what they were, and count as restored."""
    keep(of(tmp_path), RESULT)
    again = of(tmp_path)
    piece = keep(again)
    assert piece.head.digest == RESULT.head.digest
    assert piece.history == RESULT.history
    assert (piece.strength, piece.converged, piece.steps, piece.best_step) == (
        *(RESULT.strength, False, 7, 5),
    )
    assert (again.counts.restored, again.counts.computed) == (1, 0)


def test_pieces_of_something_else_are_not_taken(tmp_path: Path) -> None:
    """Another training, part, name or order of images has pieces of its own."""
    names = ["a", "b"]
    keep(of(tmp_path).of("view", digest_names(names)), RESULT)
    keep(of(tmp_path).of("view", digest_names(names)))
    for other in (
        of(tmp_path, "another").of("view", digest_names(names)),
        of(tmp_path).of("motion", digest_names(names)),
        of(tmp_path).of("view", digest_names(names[::-1])),
        of(tmp_path).of("view", digest_names(["ab"])),
    ):
        with pytest.raises(AssertionError, match="computed anew"):
            keep(other)
    with pytest.raises(AssertionError, match="computed anew"):
        keep(of(tmp_path).of("view", digest_names(names)), name="fold 1")


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no archive", None])
def test_a_damaged_piece_is_computed_anew(tmp_path: Path, content: bytes | None) -> None:
    """Whatever lies in its place, a piece is computed and replaces it."""
    keep(of(tmp_path), RESULT)
    (path,) = tmp_path.glob("checkpoint-*.npz")
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    assert keep(of(tmp_path), RESULT) is RESULT
    keep(of(tmp_path))


def test_a_piece_of_another_form_is_computed_anew(tmp_path: Path) -> None:
    """A piece that lacks what it should have is not taken."""
    state = TrainingState({"steps": 3}, {})
    of(tmp_path).keep("head", lambda: RESULT, lambda _: state, FitResult.unpack)
    assert keep(of(tmp_path), RESULT) is RESULT


def test_what_takes_no_time_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small trainings write no files."""
    monkeypatch.setattr(pieces_module, "LEAST_S", 5.0)
    keep(of(tmp_path), RESULT)
    assert not list(tmp_path.iterdir())


def test_a_choice_goes_on_from_the_folds_that_are_done(tmp_path: Path) -> None:
    """Of a choice that was interrupted, only the missing folds are computed; it is the same."""
    samples = uneven()
    folds = np.arange(len(samples)) % 4
    images = TrainingSet.of_images(samples)
    whole = choose(images, folds, SETTINGS)
    first = of(tmp_path)
    choose(images, folds, SETTINGS, pieces=first)
    files = sorted(tmp_path.glob("checkpoint-*.npz"))
    assert len(files) == first.counts.computed == 4
    files[2].unlink()
    second = of(tmp_path)
    again = choose(images, folds, SETTINGS, pieces=second)
    assert (second.counts.restored, second.counts.computed) == (3, 1)
    assert again.path == whole.path
    assert again.logits is not None
    assert whole.logits is not None
    assert again.logits.tobytes() == whole.logits.tobytes()
