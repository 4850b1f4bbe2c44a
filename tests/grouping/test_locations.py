"""Claims about the location that a path tells."""

import pytest

from autofocus.demo.synthetic.plan import make_plan, site_code
from autofocus.errors import SettingError
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import DEFAULT_PATTERN, LocationPattern, fill_in


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
