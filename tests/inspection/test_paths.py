"""Tests of how paths in tables are matched to images."""

import pytest

from autofocus.inspection.paths import PathMatch, match_paths


@pytest.mark.parametrize(
    ("paths", "names", "expected"),
    [
        pytest.param(
            ["Z:/Chicago/a/1.jpg", "Z:/Chicago/b/1.jpg"],
            ["a/1.JPG", "b/1.JPG"],
            PathMatch(2, "", 2, 2, ("Z:/Chicago/a/1.jpg", "a/1.JPG")),
            id="a disk before the path, and another case",
        ),
        pytest.param(
            ["a/1.jpg", "b/1.jpg", "c/2.jpg"],
            ["images/a/1.jpg", "images/b/1.jpg", "other/2.jpg"],
            PathMatch(0, "images", 2, 3, ("a/1.jpg", "images/a/1.jpg")),
            id="a folder above the images, and an image elsewhere",
        ),
        pytest.param(
            ["/home/x/pics/a/1.jpg", "/home/x/pics/a/9.jpg", "/home/x/pics/b/2.jpg"],
            ["data/2016/a/1.jpg", "data/2016/b/2.jpg"],
            PathMatch(3, "data/2016", 2, 3, ("home/x/pics/a/1.jpg", "data/2016/a/1.jpg")),
            id="both, and a path without an image",
        ),
        pytest.param(
            ["D:/a/1.jpg/1.jpg"],
            ["a/1.jpg"],
            PathMatch(1, "", 1, 1, ("D:/a/1.jpg", "a/1.jpg")),
            id="the name twice",
        ),
        pytest.param(["1.jpg", "2.jpg"], ["x.jpg"], PathMatch(total=2), id="nothing"),
        pytest.param([], ["x.jpg"], PathMatch(), id="no path"),
    ],
)
def test_the_longest_common_suffix_counts(
    paths: list[str], names: list[str], expected: PathMatch
) -> None:
    """The number of components and the folder are those that lead most paths to an image."""
    assert match_paths(paths, names) == expected


def test_equal_names_in_many_folders() -> None:
    """Where all cameras number their images alike, the folders decide."""
    names = [f"x/cam{camera}/IMG_{number}.JPG" for camera in range(40) for number in range(30)]
    match = match_paths([f"E:/y/{name.removeprefix('x/')}" for name in names], names)
    assert (match.strip_components, match.folder, match.share) == (2, "x", 1.0)
