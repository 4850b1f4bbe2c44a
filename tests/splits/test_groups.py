"""Claims about which groups are kept together: locations, sequences, or single images."""

from dataclasses import replace

import pytest

from autofocus.errors import SettingError
from autofocus.splits.split import make_split
from autofocus.splits.subsets import SplitBy
from tests.splits.tables import TENTHS, image, like_life, split


def test_known_locations_go_first() -> None:
    """With enough locations known the split is by location, and nothing is to be warned of."""
    divided = split(like_life(3, locations=40, sequences=1000))
    assert divided.group_kind == "location"
    assert divided.warnings == ()


def test_without_locations_sequences_are_kept_and_it_is_said() -> None:
    """Where no location is known the split is by sequence, optimistic for new locations."""
    divided = split(like_life(3, locations=12, sequences=300, located=False))
    assert divided.group_kind == "sequence"
    (warning,) = divided.warnings
    assert warning.startswith("No location is known: the split is by sequence. THE METRICS ARE")
    assert "OPTIMISTIC FOR NEW LOCATIONS" in warning


def test_too_few_locations_known_are_said() -> None:
    """Where the location of many images is unknown the split is by sequence."""
    images = [
        replace(one, frame=replace(one.frame, location="")) if number % 4 == 0 else one
        for number, one in enumerate(like_life(3, locations=40, sequences=400))
    ]
    # Frames of one sequence share what is known, so whole sequences must lack it.
    lost = {one.frame.path[:16] for one in images if not one.frame.location}
    images = [
        replace(one, frame=replace(one.frame, location="")) if one.frame.path[:16] in lost else one
        for one in images
    ]
    divided = split(images)
    assert divided.group_kind == "sequence"
    assert divided.warnings[0].startswith("The location of only ")


def test_locations_that_hold_one_class_each_are_not_split_by() -> None:
    """If splitting by location would test classes that were never learned, sequences are kept."""
    images = [
        image(f"{label}/{n}.JPG", label, 1000 * n, f"place of {label}")
        for label in ("deer", "dog", "cat")
        for n in range(12)
    ]
    divided = split(images)
    assert divided.group_kind == "sequence"
    assert divided.warnings[0].startswith("With 3 locations, most classes could not be both")


def test_without_locations_and_sequences_the_number_is_not_to_be_believed() -> None:
    """Images that tell nothing are split one by one, and it is said loudly."""
    divided = split([image(f"a/{n}.JPG", "da"[n % 2], None) for n in range(30)])
    assert divided.group_kind == "image"
    (warning,) = divided.warnings
    assert "THE METRICS ARE FAR TOO OPTIMISTIC" in warning


def test_undated_images_of_a_camera_stay_together() -> None:
    """Where some tell no moment, those of one camera are one group, and it is said."""
    images = like_life(3, locations=12, sequences=100, located=False)
    images += [image(f"camera000/x{n}.JPG", "class 1", None) for n in range(5)]
    divided = split(images, split_by="sequence")
    undated = divided.assignments[-5:]
    assert {one.group for one in undated} == {"undated of camera camera000"}
    assert undated[0].reason.endswith("its camera, as it is not known when it was taken") or (
        undated[0].reason.startswith("moved")
    )
    wanted = f"The capture time of 5 of {len(images)} images is unknown"
    assert any(warning.startswith(wanted) for warning in divided.warnings)


def test_a_location_is_asked_for_and_not_known() -> None:
    """One sentence says what to give."""
    with pytest.raises(SettingError, match="split_by: no location is known"):
        make_split([image("a/1.JPG")], **TENTHS, split_by="location")


def test_a_sequence_is_asked_for_and_not_known() -> None:
    """One sentence says what to do instead."""
    with pytest.raises(SettingError, match="split_by: no sequence is known"):
        make_split([image("a/1.JPG", seconds=None)], **TENTHS, split_by="sequence")


@pytest.mark.parametrize(
    ("split_by", "words"),
    [("sequence", "OPTIMISTIC FOR NEW LOCATIONS"), ("image", "FAR TOO OPTIMISTIC")],
)
def test_what_is_asked_for_is_done_and_said(split_by: SplitBy, words: str) -> None:
    """A smaller group than the data allow is used if asked for, with a warning."""
    divided = split(like_life(3, locations=40, sequences=300), split_by=split_by)
    assert divided.group_kind == split_by
    assert words in divided.warnings[0]


def test_a_frame_without_a_location_goes_with_its_sequence() -> None:
    """A frame whose location is not told belongs to the location of the frames beside it."""
    images = [
        image(f"c{n}/{k}.JPG", "da"[k % 2], 30 * k, "" if k == 1 else f"p{n}")
        for n in range(20)
        for k in range(4)
    ]
    divided = split(images, split_by="location")
    assert {one.group for one in divided.assignments[:4]} == {"location p0"}


def test_locations_of_images_that_stay_unknown_are_told() -> None:
    """A few without a location go by sequence, and a sentence says that they may leak."""
    images = like_life(3, locations=40, sequences=1000)
    images.append(image("elsewhere/1.JPG", "class 1"))
    divided = split(images)
    assert divided.group_kind == "location"
    wanted = f"The location of 1 of {len(images)} images is unknown"
    assert divided.warnings[0].startswith(wanted)
    assert divided.assignments[-1].group == "sequence elsewhere@2016-07-05T12:00:00"


def test_a_flat_folder_of_many_undated_locations_is_not_one_group() -> None:
    """Images of all locations in one folder, none dated, are divided by location."""
    images = [
        image(f"all/{n}-{k}.JPG", "da"[k % 2], None, f"p{n}") for n in range(20) for k in range(4)
    ]
    divided = split(images)
    assert divided.group_kind == "location"
    assert len({one.group for one in divided.assignments}) == 20
