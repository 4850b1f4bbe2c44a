"""The hard sample: its plan, its images and the true boxes."""

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from autofocus.demo.synthetic.plan import DAY
from benchmarks.hard_sample.camera import take
from benchmarks.hard_sample.making import make_hard_sample
from benchmarks.hard_sample.plan import HardSettings, HardShot, make_hard_plan

_SMALL = HardSettings(locations=1, per_species=1, empty=0)


@lru_cache(maxsize=1)
def _plan() -> list[HardShot]:
    return make_hard_plan(HardSettings())


def test_two_fifths_of_the_frames_show_nothing() -> None:
    """About 40 % of the frames show nothing, as in real data."""
    empty = sum(shot.figure is None for shot in _plan()) / len(_plan())
    assert 0.35 < empty < 0.45


def test_every_species_has_as_many_sequences() -> None:
    """Each species has as many sequences as the settings say."""
    sequences = {(shot.label, shot.sequence) for shot in _plan()}
    counts = Counter(label for label, _ in sequences)
    assert counts.pop("empty") == HardSettings().empty
    assert set(counts.values()) == {HardSettings().per_species}


def test_a_sequence_is_at_one_location_in_one_light() -> None:
    """The frames of a sequence share label, location and light, and follow each other closely."""
    first = {shot.sequence: shot for shot in reversed(_plan())}
    for shot in _plan():
        start = first[shot.sequence]
        assert (shot.label, shot.site, shot.light) == (start.label, start.site, start.light)
        assert 0 <= (shot.taken - start.taken).total_seconds() < 60


def test_the_true_box_holds_all_that_the_animal_changes() -> None:
    """Nothing outside the true box differs from the same frame without the animal."""
    by_day = (shot for shot in _plan() if shot.light == DAY)
    shot = max(by_day, key=lambda shot: shot.area)
    image, edges = take(shot, 0)
    nothing, none = take(replace(shot, figure=None), 0)
    assert edges is not None
    assert none is None
    changed = np.abs(np.asarray(image, int) - np.asarray(nothing, int)).max(axis=2) > 40
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    left, top, width, height = edges
    assert columns[0] >= left * 640 - 1
    assert columns[-1] <= (left + width) * 640
    assert rows[0] >= top * 480 - 1
    assert rows[-1] <= (top + height) * 480
    assert changed.sum() > 0.1 * width * 640 * height * 480


def test_the_sample_is_deterministic(tmp_path: Path) -> None:
    """Two folders of the same settings hold the same files."""
    one, other = (make_hard_sample(tmp_path / name, _SMALL) for name in "ab")
    assert one.images == other.images
    for image in one.images:
        path = image.filepath
        assert (one.image_dir / path).read_bytes() == (other.image_dir / path).read_bytes()
