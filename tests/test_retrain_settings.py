"""Claims about where the settings of retrain go."""

import dataclasses
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from autofocus.errors import MissingInputError, SettingError
from autofocus.localization.from_file import FileDetector
from autofocus.options.settings import describe
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fine_tuning import FineTuning
from autofocus.training.job import TrainingJob
from tests.features.small import picture, small_backbone

# All that settings of one part depend on is switched on.
SETTINGS = RetrainSettings(fine_tune_layers=1, testing_percentage=30, validation_percentage=30)
# A valid other value of each setting that affects the output.
OTHER: dict[str, Any] = {
    "tfhub_module": "efficientnet-lite2",
    "view": "motion",
    "weight_by_motion": True,
    "split_by": "image",
    "location_pattern": r"(\d)",
    "sequence_gap": 30.0,
    "sequence_pattern": r"^(.)",
    "sequence_frames": 3,
    "testing_percentage": 20.0,
    "validation_percentage": 20.0,
    "folds": 2,
    "multilabel": True,
    "optimizer": "gradient_descent",
    "how_many_training_steps": 7,
    "learning_rate": 0.5,
    "train_batch_size": 7,
    "eval_step_interval": 7,
    "class_weights": "none",
    "flip_left_right": True,
    "random_crop": 7,
    "random_scale": 7,
    "random_brightness": 7,
    "distorted_copies": 7,
    "fine_tune_layers": 2,
    "fine_tune_rate": 0.5,
    "fine_tune_epochs": 7,
    "refit": False,
    "views": 2,
    "threshold_target": "recall",
    "threshold_value": 0.5,
    "unknown_share": 0.5,
    "empty_labels": ("nothing",),
    "human_labels": ("us",),
    "show_people": True,
    "final_tensor_name": "scores",
}


@dataclass
class Handed(Exception):  # noqa: N818 - it carries what the training was given
    """What the training was given."""

    job: TrainingJob
    source: DatasetFeatures
    backbone: str

    def values(self) -> dict[str, Any]:
        """Return all values that come from settings, without the list for MLflow."""
        job = {field.name: getattr(self.job, field.name) for field in dataclasses.fields(self.job)}
        unrelated = ("settings", "saved_model_dir", "backbone", "dataset")
        kept = {name: value for name, value in job.items() if name not in unrelated}
        return {
            **kept,
            "split": self.job.dataset.settings,
            "distortions": self.source.distortions,
            "copies": self.source.copies,
            "weight_by_motion": self.source.weight_by_motion,
            "module": self.backbone,
        }


@pytest.fixture
def hand_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[RetrainSettings], Any]:
    """Run the stage on a backbone that takes no time, up to its training."""
    for label, light in (("left", 200), ("right", 60)):
        for number in range(6):
            path = tmp_path / "links" / label / f"place{number}" / "0.PNG"
            picture(path, light + number, 120 - number)
    used: list[str] = []

    def load(name: str) -> Any:
        used.append(name)
        return small_backbone()[0]

    def capture(job: TrainingJob, source: DatasetFeatures, *_: object) -> None:
        raise Handed(job, source, used[-1])

    module = importlib.import_module("autofocus.retrain")
    monkeypatch.setattr(module, "load_backbone", load)
    # This backbone has nothing to train.
    monkeypatch.setattr(FineTuning, "check", lambda *_: None)
    monkeypatch.setattr(module, "check_store", lambda _: None)
    monkeypatch.setattr(module, "ensure_trained", capture)
    runs: list[int] = []

    def run(settings: RetrainSettings) -> Handed:
        runs.append(1)
        with pytest.raises(Handed) as handed:
            retrain(tmp_path / "links", tmp_path / f"model{len(runs)}", settings)
        return handed.value

    return run


def test_every_setting_that_affects_the_output_reaches_the_training(
    hand_over: Callable[[RetrainSettings], Handed],
) -> None:
    """Each setting with another value changes what the training is given."""
    assert set(OTHER) == set(describe(SETTINGS))
    before = hand_over(SETTINGS).values()
    assert hand_over(SETTINGS).values() == before
    for name, value in OTHER.items():
        assert value != getattr(SETTINGS, name)
        assert hand_over(replace(SETTINGS, **{name: value})).values() != before, name


@pytest.mark.parametrize("kind", ["balanced", "none"])
def test_class_weights_reach_the_head_and_fine_tuning(
    kind: Any, hand_over: Callable[[RetrainSettings], Handed]
) -> None:
    """The backbone's last blocks are trained with the same class weights as the head."""
    job = hand_over(replace(SETTINGS, class_weights=kind)).job
    assert job.fine_tuning is not None
    assert job.head_settings.class_weights == job.fine_tuning.class_weights == kind


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SETTINGS, location_pattern="^(site[0-9])/"),
        replace(SETTINGS, sequence_pattern="^(site[0-9])/"),
    ],
)
def test_a_pattern_that_fits_no_path_is_reported_before_anything_is_done(
    wrong: RetrainSettings, hand_over: Callable[[RetrainSettings], Handed], tmp_path: Path
) -> None:
    """The sentence shows paths below the labels' folders, and no model's folder is made."""
    del hand_over
    with pytest.raises(SettingError, match=r"matches none .*paths such as place0/0\.PNG, place1/"):
        retrain(tmp_path / "links", tmp_path / "model", wrong)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("layers", ["all", -1])
def test_the_whole_backbone_has_a_word_and_a_number(
    layers: Any, hand_over: Callable[[RetrainSettings], Handed]
) -> None:
    """`all`, or -1 where only a number is possible, reach the training as `all`."""
    tuning = hand_over(replace(SETTINGS, fine_tune_layers=layers)).job.fine_tuning
    assert tuning is not None
    assert tuning.layers == "all"


def test_other_negative_numbers_of_layers_are_rejected() -> None:
    """The message says what is possible."""
    with pytest.raises(SettingError, match=r"a number of blocks, or all \(-1\), and not -2"):
        RetrainSettings(fine_tune_layers=-2)


def test_boxes_of_a_file_reach_the_training(
    hand_over: Callable[[RetrainSettings], Handed], tmp_path: Path
) -> None:
    """They take the detector's place, and a file with other boxes is another training."""
    path = tmp_path / "md.json"
    handed = []
    for score in (0.5, 0.9):
        box = {"category": "1", "conf": score, "bbox": [0.1, 0.2, 0.3, 0.4]}
        content = {
            "info": {"detector": "md_v5a"},
            "detection_categories": {},
            "images": [{"file": "D:/cards/place3/0.PNG", "detections": [box]}],
        }
        path.write_text(json.dumps(content))
        handed.append(hand_over(replace(SETTINGS, view="detector", boxes_from=path)))
    detector = handed[0].source.detector
    assert isinstance(detector, FileDetector)
    assert detector.settings.name == "megadetector results: md_v5a"
    (box_of_image,) = detector.boxes["left/place3/0.PNG"]
    assert (box_of_image.score, box_of_image.top) == (0.5, 0.2)
    assert detector.boxes["left/place4/0.PNG"] == ()
    plain = hand_over(replace(SETTINGS, view="motion"))
    assert len({one.job.fingerprint for one in (*handed, plain)}) == 3


@pytest.mark.parametrize("view", ["full", "motion", "both"])
def test_boxes_without_an_effect_are_an_error(view: Any) -> None:
    """The sentence names the views that use them."""
    with pytest.raises(SettingError, match=f"no effect on the view {view}: set view to detector"):
        RetrainSettings(view=view, boxes_from=Path("md.json"))


def test_a_file_of_boxes_is_looked_for_before_anything_is_done(
    hand_over: Callable[[RetrainSettings], Handed], tmp_path: Path
) -> None:
    """No model's folder is made if it is missing."""
    del hand_over
    settings = replace(SETTINGS, view="detector", boxes_from=tmp_path / "none.json")
    with pytest.raises(MissingInputError, match=r"There is no file .*none\.json"):
        retrain(tmp_path / "links", tmp_path / "model", settings)
    assert not (tmp_path / "model").exists()
