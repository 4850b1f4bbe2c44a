"""Claims about the location that a path tells."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.demo.synthetic.plan import make_plan, site_code
from autofocus.errors import SettingError
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import (
    DEFAULT_PATTERN,
    LocationPattern,
    fill_in,
    locate,
    note_folders,
)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("images_2016/D03-AMP1-JU16/CHIL - D03-AMP1-JU16_00037.JPG", "D03-AMP1"),
        ("images_2016/D03-AMP1/IMG_0037.JPG", "D03-AMP1"),
        ("CHIL - S36-LDN12-AP17_00001.JPG", "S36-LDN12"),
        ("images/moultrie/MDF23.jpg", ""),
        ("images/XD03-AMP1/1.JPG", ""),
        ("images/D03-AMP123/1.JPG", ""),
    ],
)
def test_the_zoos_sites_are_found(path: str, location: str) -> None:
    """The site's name is found in file or folder, and not within longer words."""
    assert LocationPattern(DEFAULT_PATTERN).find(path) == location


def test_every_photograph_of_the_sample_has_the_location_of_its_site() -> None:
    """Also those that nobody renamed, and those of sites with a number of two digits."""
    pattern = LocationPattern(DEFAULT_PATTERN)
    for first_site in (0, 104):
        shots = make_plan(seed=0, sequences=84, sites=8, first_site=first_site)
        assert all(pattern.find(shot.path) == site_code(shot.site) for shot in shots)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        (r"cam(?P<number>\d)-(?P<location>\w+)", "mill"),
        (r"cam\d-(\w+)", "mill"),
        (r"cam\d-\w+", "cam7-mill"),
        (r"cam\d-\w+(x)?", ""),
        (r"nowhere", ""),
    ],
)
def test_the_location_is_the_group_of_that_name_else_the_first_else_all(
    text: str, location: str
) -> None:
    """Each form of expression gives what people mean by it."""
    assert LocationPattern(text).find("2016/cam7-mill/1.JPG") == location


def test_what_is_no_expression_is_told() -> None:
    """A bad expression is one sentence that names the option."""
    with pytest.raises(SettingError, match="location_pattern: '\\(' is no regular expression"):
        LocationPattern("(")


def test_a_renamed_photograph_has_the_location_of_its_folder() -> None:
    """Where a folder's others all show one place, one without a place was taken there."""
    frames = [
        Frame("1", "a/1.JPG", location="mill"),
        Frame("2", "a/2.JPG"),
        Frame("3", "b/3.JPG"),
        Frame("4", "c/4.JPG", location="mill"),
        Frame("5", "c/5.JPG", location="lake"),
        Frame("6", "c/6.JPG"),
    ]
    assert [frame.location for frame in fill_in(frames)] == [
        "mill",
        "mill",
        "",
        "mill",
        "lake",
        "",
    ]


def test_a_folder_is_a_location_where_nothing_else_tells_one() -> None:
    """A column goes before the pattern, it before the folder's others, they before the folder."""
    frames = [
        Frame("1", "../pre/a/D03-AMP1_1.JPG", location="mill", original="a/D03-AMP1_1.JPG"),
        Frame("2", "../pre/b/D03-AMP1_1.JPG", original="b/D03-AMP1_1.JPG"),
        Frame("3", "../pre/b/renamed.JPG", original="b/renamed.JPG"),
        Frame("4", "../pre/x/c/DCIM/100RECNX/1.JPG", original="x/c/DCIM/100RECNX/1.JPG"),
        Frame("5", "../pre/1.JPG", original="1.JPG"),
    ]
    located = locate(frames, LocationPattern())
    assert [(frame.location, frame.location_source) for frame in located] == [
        ("mill", "column"),
        ("D03-AMP1", "pattern"),
        ("D03-AMP1", "pattern"),
        ("x/c", "folder"),
        ("", ""),
    ]
    assert note_folders(located)[0].startswith(
        "The folder of an image counts as its location, because neither a column nor "
        "location_pattern tells one (1 of 5 images, in 1 folder such as x/c). If a"
    )


def test_folders_of_labels_are_no_locations() -> None:
    """Where people sorted images by what they show, the folder above is the location."""
    frames = [
        Frame(path, path)
        for path in (
            "mill/deer/1.JPG",
            "mill/Empty/2.JPG",
            "deer/1.JPG",
            "x/DCIM/100RECNX/deer/1.JPG",
        )
    ]
    located = locate(frames, LocationPattern(), labels=["deer", "empty"])
    assert [frame.location for frame in located] == ["mill", "mill", "", "x"]


def test_a_folder_of_several_locations_is_none() -> None:
    """An image whose location is unknown among images of two is not at a third."""
    frames = [Frame("1", "c/1.JPG", None, "m"), Frame("2", "c/2.JPG", None, "l")]
    assert locate([*frames, Frame("3", "c/3.JPG")], LocationPattern())[2].location == ""


paths = st.builds(
    "{}/{}{}.JPG".format,
    st.sampled_from(["a", "b", "a/DCIM/100RECNX", "a/DCIM/101RECNX", "b/c", "."]),
    st.sampled_from(["", "D03-AMP1 ", "R05-WWP1 "]),
    st.integers(0, 20),
)


@settings(max_examples=100)
@given(st.dictionaries(paths, st.sampled_from(["", "", "mill"]), max_size=12))
def test_the_location_depends_on_one_camera_alone(given_frames: dict[str, str]) -> None:
    """Shards, which hold whole cameras, give each image the location that a whole run gives."""
    frames = [Frame(path, path, location=location) for path, location in given_frames.items()]
    whole = {frame.name: frame for frame in locate(frames, LocationPattern())}
    for camera in {frame.camera for frame in frames}:
        inside = [frame for frame in frames if frame.camera == camera]
        assert all(whole[one.name] == one for one in locate(inside, LocationPattern()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "^(site)",
            "gives the location 'site' for all 4 images: it is searched for in paths",
        ),
        ("camera(.)", "matches none of the 4 images: it is searched for in paths such as site0/1"),
        ("", "matches none of the 4 images"),
    ],
)
def test_a_pattern_that_tells_no_locations_apart_is_an_error(text: str, words: str) -> None:
    """One sentence shows what the pattern is searched for in, with three examples."""
    originals = ["site0/1.JPG", "site0/2.JPG", "site1/1.JPG", "site2/1.JPG"]
    with pytest.raises(SettingError, match=re.escape(words)) as error:
        LocationPattern(text).check(originals)
    assert "site0/1.JPG, site1/1.JPG, site2/1.JPG." in str(error.value)


def test_patterns_that_may_match_nothing_pass() -> None:
    """The default pattern may; any may miss some images, and one image has one location."""
    LocationPattern().check(["a/1.JPG", "b/1.JPG"])
    LocationPattern("(mill)").check(["mill/1.JPG", "b/1.JPG"])
    LocationPattern("(mill)").check(["mill/1.JPG"])
