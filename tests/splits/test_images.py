"""Claims about gathering the images of a training."""

from dataclasses import replace

import pytest

from autofocus.errors import SettingError
from autofocus.grouping.locations import DEFAULT_PATTERN, LocationPattern
from autofocus.grouping.sequences import SequencePattern
from autofocus.images.facts import Facts
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.splits.images import Image, Origin, check_patterns, collect_images

PATTERN = LocationPattern(DEFAULT_PATTERN)
NONE = SequencePattern("")


def outcome(name: str, digest: str = "d", moment: str = "2016-07-05T12:00:00") -> Outcome:
    facts = Facts(moment, "RECONYX HC500", night=False, brightness=100.0)
    return Outcome(Row(name), {"digest": digest, "facts": facts.to_json()})


def collect(outcomes: list[Outcome], origins: dict[str, Origin] | None = None) -> list[Image]:
    labels = {one.row.input: one.row.input.split("/", maxsplit=1)[0] for one in outcomes}
    return collect_images(outcomes, labels, origins or {}, PATTERN)


def test_two_links_to_one_file_are_one_image() -> None:
    """An image under two labels has both, and an image for each."""
    origins = {name: Origin("../p/a.JPG", "") for name in ("deer/a-1.JPG", "dog/a-1.JPG")}
    (one,) = collect([outcome("deer/a-1.JPG"), outcome("dog/a-1.JPG")], origins)
    assert one.files == ("deer/a-1.JPG", "dog/a-1.JPG")
    assert one.labels == ("deer", "dog")
    assert one.frame.path == "../p/a.JPG"


def test_equal_files_of_two_locations_are_two_images() -> None:
    """Where the table of links tells that they are two files, they stay two."""
    origins = {"deer/a-1.JPG": Origin("p/a.JPG", ""), "deer/b-1.JPG": Origin("p/b.JPG", "")}
    both = collect([outcome("deer/a-1.JPG"), outcome("deer/b-1.JPG")], origins)
    assert [one.frame.path for one in both] == ["p/a.JPG", "p/b.JPG"]


def test_without_a_table_of_links_equal_files_under_two_labels_are_one() -> None:
    """Folders of copies, one a label, give one image with two labels."""
    (one,) = collect([outcome("deer/a.JPG"), outcome("dog/z.JPG")])
    assert one.labels == ("deer", "dog")


def test_without_a_table_of_links_copies_under_one_label_stay_two() -> None:
    """Two equal files in one folder are two images."""
    both = collect([outcome("deer/a.JPG"), outcome("deer/b.JPG")])
    assert [one.files for one in both] == [("deer/a.JPG",), ("deer/b.JPG",)]


def test_the_column_of_locations_goes_before_the_pattern() -> None:
    """A location that people wrote down counts more than what a name looks like."""
    path = "i/CHIL - D03-AMP1-JU16_00037.JPG"
    names = ("deer/a-1.JPG", "deer/b-1.JPG")
    origins = {names[0]: Origin(path, "The old mill"), names[1]: Origin("i/x" + path[2:], "")}
    first, second = collect([outcome(name) for name in names], origins)
    assert first.frame.location == "The old mill"
    assert second.frame.location == "D03-AMP1"


def test_the_label_s_folder_is_no_camera() -> None:
    """Without a table of links, images of one folder below all labels are of one camera."""
    both = collect([outcome("deer/cam7/a.JPG", "1"), outcome("dog/cam7/b.JPG", "2")])
    assert {one.frame.camera for one in both} == {"cam7"}


def test_rejected_images_are_left_out() -> None:
    """What can't be read belongs to no subset of the data."""
    row = rejected("deer/broken.JPG", Reason.UNREADABLE, "")
    assert collect([Outcome(row)]) == []


def test_an_image_without_a_moment_has_none() -> None:
    """Nothing is invented where EXIF is silent."""
    (one,) = collect([outcome("deer/a.JPG", moment="")])
    assert one.frame.moment is None


def test_a_folder_is_a_location_if_there_are_several() -> None:
    """The path of the original says which; images of a single folder have no location."""
    names = ("deer/a-1.JPG", "dog/b-1.JPG")
    origins = {
        name: Origin(f"../pre/{site}/1.JPG", original=f"{site}/1.JPG")
        for name, site in zip(names, ("mill", "lake"), strict=True)
    }
    both = collect([outcome(name) for name in names], origins)
    assert [(one.original, one.frame.location) for one in both] == [
        ("mill/1.JPG", "mill"),
        ("lake/1.JPG", "lake"),
    ]
    (one,) = collect([outcome(names[0])], origins)
    assert one.frame.location == ""


def test_a_pattern_is_checked_where_no_column_tells_the_location() -> None:
    """Images whose location people wrote down have no say in whether a pattern fits."""
    files = ["deer/a-1.JPG", "deer/b-1.JPG", "deer/c-1.JPG"]
    origins = {file: Origin(f"../pre/x/{file[5]}.JPG", original=f"x/{file[5]}") for file in files}
    with pytest.raises(SettingError, match="gives the location 'x' for all 3 images"):
        check_patterns(LocationPattern("^(x)"), NONE, files, origins)
    known = {file: replace(origin, location="mill") for file, origin in origins.items()}
    check_patterns(LocationPattern("^(x)"), NONE, files, known)


def test_a_pattern_of_sequences_is_checked_where_no_column_tells_them() -> None:
    """It is searched for in the original's path, and one that finds nothing is an error."""
    files = ["deer/a-1.JPG", "deer/b-1.JPG"]
    origins = {file: Origin(f"../pre/x/{file[5]}.JPG", original=f"x/{file[5]}") for file in files}
    with pytest.raises(SettingError, match=r"sequence_pattern: 'pre' matches none of the 2"):
        check_patterns(PATTERN, SequencePattern("pre"), files, origins)
    with pytest.raises(SettingError, match="gives the sequence 'x' for all 2 images"):
        check_patterns(PATTERN, SequencePattern("x"), files, origins)
    check_patterns(PATTERN, SequencePattern("x/(.)"), files, origins)
    known = {file: replace(origin, sequence="7") for file, origin in origins.items()}
    check_patterns(PATTERN, SequencePattern("pre"), files, known)


def test_the_same_sequence_in_two_folders_is_two_sequences() -> None:
    """A pattern that finds `1` for each of two cameras tells their images apart."""
    origins = {f"deer/{n}.JPG": Origin(f"c{n}/1_1.JPG") for n in (1, 2)}
    check_patterns(PATTERN, SequencePattern(r"(\d)_"), list(origins), origins)


def test_folders_of_labels_tell_no_location() -> None:
    """Originals that were sorted by what they show are not at a location per label."""
    names = ("deer/a-1.JPG", "dog/b-1.JPG")
    origins = {name: Origin(f"../raw/{name}", original=f"{name[:4]}/1.JPG") for name in names}
    origins[names[1]] = Origin("../raw/dog/1.JPG", original="Dog/1.JPG")
    assert [one.frame.location for one in collect([outcome(name) for name in names], origins)] == [
        "",
        "",
    ]
