"""Claims about choosing the view, and about answers by layers that leave groups out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autofocus.features.bottlenecks import Bottlenecks
from autofocus.features.views import Viewer
from autofocus.model.head import Head
from autofocus.training.cross_validation import by_image, out_of_fold, thinned
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import Fitted, Fitting
from autofocus.training.head import History
from autofocus.training.samples import Samples
from autofocus.training.trials import Trial, choose, try_view, views_of
from tests.features.small import dataset, small_backbone

FITTED = Fitted(
    Head(np.zeros((1, 2), np.float32), np.zeros(2, np.float32)), History(), 1.0, True, 1, ""
)


def trial(view: str, score: float | None) -> Trial:
    return Trial(view, replace(FITTED, brier_score=score), {})  # type: ignore[arg-type]


def test_the_view_that_does_best_is_chosen() -> None:
    """The least Brier score wins."""
    trials = [trial("full", 0.5), trial("motion", 0.3), trial("both", 0.4)]
    assert choose(trials).view == "motion"


def test_a_trace_better_is_not_worth_a_second_view() -> None:
    """The simpler view stays where the difference may be chance, or nothing can be judged."""
    assert choose([trial("full", 0.5), trial("both", 0.495)]).view == "full"
    assert choose([trial("full", None), trial("motion", None)]).view == "full"


def test_auto_tries_all_views_and_a_view_itself() -> None:
    """The whole frame is tried first."""
    assert views_of("auto") == ("full", "motion", "both")
    assert views_of("motion") == ("motion",)


def test_a_view_is_learned_from_training_and_judged_on_validation(tmp_path: Path) -> None:
    """On photographs that the light half tells apart, validation has no mistake."""
    backbone, _ = small_backbone()
    with Bottlenecks(tmp_path / "cache", "means", "0" * 64, 6) as cache:
        source = DatasetFeatures(
            dataset(tmp_path / "i"), Viewer(tmp_path / "i", backbone, cache, 1)
        )
        source.prepare("full")
        tried = try_view(source, "full", Fitting(), tmp_path, tmp_path / "tmp", "subject")
    assert tried.validation["accuracy"] == 1.0
    assert tried.to_json()["validation_accuracy"] == 1.0


def test_out_of_fold_answers_know_nothing_of_their_own_fold() -> None:
    """A class that is in one fold only is never answered in it."""
    random = np.random.default_rng(0)
    classes = np.array([0, 1] * 20 + [2] * 10)
    folds = np.array([0] * 20 + [1] * 20 + [1] * 10)
    features = (np.eye(3)[classes] * 4 + random.normal(size=(50, 3))).astype(np.float32)
    samples = Samples(features, np.eye(3, dtype=np.float32)[classes], np.ones(50, np.float32))
    answers = out_of_fold(samples, folds, Fitting(), 0.01).argmax(axis=1)
    assert (answers[classes == 2] != 2).all()
    assert (answers[classes != 2] == classes[classes != 2]).mean() > 0.9


def test_folds_by_image_know_no_groups_but_keep_copies_together(tmp_path: Path) -> None:
    """The same content is always in the same fold, and folds are about even."""
    images = dataset(tmp_path).used
    folds = by_image(images, 3)
    assert folds.tolist() == by_image(images, 3).tolist()
    assert set(folds.tolist()) == {0, 1, 2}


def test_thinning_takes_whole_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison on fewer images leaves no group in two."""
    monkeypatch.setattr("autofocus.training.cross_validation.MOST_COMPARED", 9)
    images = dataset(tmp_path).used
    chosen = thinned(images)
    groups = {image.group for image in chosen}
    assert len(chosen) == 12
    assert sum(image.group in groups for image in images) == 12
