"""Tests of the plan of a synthetic data set."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from autofocus.demo.synthetic.kinds import AWKWARD, BROKEN, Kind
from autofocus.demo.synthetic.plan import EMPTY, INFRARED, Shot, make_plan, site_code


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    """The plan of the default data set."""
    return make_plan(seed=0, sequences=84, sites=8, first_site=0)


def test_plan_is_the_same_each_time(shots: list[Shot]) -> None:
    """The same settings give the same plan."""
    assert make_plan(seed=0, sequences=84, sites=8, first_site=0) == shots


def test_seed_changes_plan(shots: list[Shot]) -> None:
    """Another seed gives another plan."""
    assert make_plan(seed=1, sequences=84, sites=8, first_site=0) != shots


def test_paths_rise(shots: list[Shot]) -> None:
    """Shots come in rising order of their paths, and no two share one."""
    paths = [shot.path for shot in shots]
    assert paths == sorted(set(paths))


def test_first_site_is_named_as_in_the_zoos_data(shots: list[Shot]) -> None:
    """The first site's photographs are called as those of the zoo's first camera."""
    assert shots[0].path.startswith("images_2016/D03-AMP1/CHIL - D03-AMP1-JU16_000")


def test_sites_have_their_own_names() -> None:
    """No two of many sites share a name."""
    assert len({site_code(site) for site in range(1000)}) == 1000


def test_first_site_gives_fresh_sites(shots: list[Shot]) -> None:
    """Another first site gives sites that are not in the default data set."""
    others = make_plan(seed=0, sequences=84, sites=8, first_site=8)
    assert not {shot.folder for shot in shots} & {shot.folder for shot in others}


def test_enough_of_each_label(shots: list[Shot]) -> None:
    """Raccoons and empty photographs are 50 or more, and each other species is there."""
    counts = Counter(label for shot in shots for label in shot.labels)
    assert counts["raccoon"] >= 50
    assert counts[EMPTY] >= 50
    assert {"coyote", "deer", "squirrel", "rabbit", "human"} <= set(counts)


def test_every_special_kind_is_there(shots: list[Shot]) -> None:
    """Each kind of awkward or broken file is there, the broken ones under one in twenty."""
    counts = Counter(shot.kind for shot in shots)
    assert set(counts) == set(Kind)
    assert sum(counts[kind] for kind in BROKEN) < 0.05 * len(shots)
    assert all(counts[kind] >= 1 for kind in AWKWARD)


def test_frames_of_a_sequence_are_seconds_apart(shots: list[Shot]) -> None:
    """The frames of a sequence are 1 to 4 seconds apart, by one light at one place."""
    frames: dict[int, list[Shot]] = {}
    for shot in shots:
        if shot.kind is not Kind.APPLE_DOUBLE:
            frames.setdefault(shot.sequence, []).append(shot)
    for burst in frames.values():
        burst.sort(key=lambda shot: shot.frame)
        assert [shot.frame for shot in burst] == [0, 1, 2]
        assert len({(shot.folder, shot.light) for shot in burst}) == 1
        gaps = [later.taken - sooner.taken for sooner, later in pairwise(burst)]
        assert all(timedelta(seconds=1) <= gap <= timedelta(seconds=4) for gap in gaps)


def test_two_deployments_share_a_file_name(shots: list[Shot]) -> None:
    """A file of one name is in two deployments."""
    folders = {shot.folder for shot in shots if shot.name == "IMG_0001.JPG"}
    assert len(folders) == 2


def test_labels_are_of_the_figures(shots: list[Shot]) -> None:
    """A photograph's labels are those who are in it, or `empty` where nobody is."""
    for shot in shots:
        assert shot.labels == (tuple(f.species for f in shot.figures) or (EMPTY,))


def test_squirrels_sleep_at_night(shots: list[Shot]) -> None:
    """No squirrel is photographed by infrared light."""
    assert not [s for s in shots if s.light == INFRARED and "squirrel" in s.labels]


@pytest.mark.parametrize("sequences", [9, 10, 30])
def test_few_sequences_hold_every_kind(sequences: int) -> None:
    """The smallest data sets hold each kind of special file, too."""
    shots = make_plan(seed=3, sequences=sequences, sites=2, first_site=0)
    assert {shot.kind for shot in shots} >= {*BROKEN, *AWKWARD}
    assert len({shot.sequence for shot in shots}) == sequences


def test_new_sites_are_in_no_table(shots: list[Shot]) -> None:
    """They have as many sequences each as the others, whose images stay the same."""
    more = make_plan(seed=0, sequences=84, sites=8, first_site=0, new_sites=2)
    new = [shot for shot in more if shot.site >= 8]
    assert {shot.site for shot in new} == {8, 9}
    assert len(new) == 3 * 21
    assert not any(shot.listed for shot in new)
    assert sum(shot.listed for shot in more) == sum(shot.listed for shot in shots)
