"""Claims about finding images by paths from elsewhere."""

import pytest

from autofocus.boxes.path_match import fold_file, match_paths

NAMES = ["cam1/a.jpg", "cam1/b.jpg", "cam2/a.jpg"]


def match(files: list[str], names: list[str] = NAMES) -> dict[str, int]:
    return dict(match_paths([fold_file(file) for file in files], names).rows)


@pytest.mark.parametrize(
    "files",
    [
        ["cam1/a.jpg", "cam1/b.jpg", "cam2/a.jpg"],
        ["./Cam1/A.JPG", "cam1//b.jpg", "CAM2/a.jpg"],
        [r"D:\\images\\cam1\\a.jpg", r"D:\\images\\cam1\\b.jpg", r"D:\\images\\cam2\\a.jpg"],
        ["/home/me/cam1/a.jpg", "/home/me/cam1/b.jpg", "/home/me/cam2/a.jpg"],
    ],
)
def test_images_are_found_behind_other_roots(files: list[str]) -> None:
    """Spelling, disks and absolute paths make no difference."""
    assert match(files) == {"cam1/a.jpg": 0, "cam1/b.jpg": 1, "cam2/a.jpg": 2}


def test_results_of_a_folder_below_are_found() -> None:
    """Paths relative to one camera's folder are of that camera, not of others."""
    assert match(["a.jpg", "b.jpg"]) == {"cam1/a.jpg": 0, "cam1/b.jpg": 1}


def test_results_that_fit_two_folders_equally_match_none() -> None:
    """A guess would give images boxes of another camera."""
    assert match(["a.jpg"]) == {}


def test_images_beside_the_root_of_the_results_are_found() -> None:
    """Where both sides have folders of their own, the part in common counts."""
    names = ["new/cam1/a.jpg", "new/cam2/a.jpg"]
    assert match(["old/x/cam1/a.jpg", "old/x/cam2/a.jpg"], names) == {names[0]: 0, names[1]: 1}


def test_a_name_alone_is_no_match_between_folders() -> None:
    """`cam7/c.jpg` is no result of `cam1/c.jpg`."""
    assert match(["old/cam7/c.jpg"], ["new/cam1/c.jpg", "new/cam2/x/d.jpg"]) == {}


def test_one_folder_of_results_counts_for_images_without_folders() -> None:
    """Of several cameras' results, those of the camera with the most images are used."""
    files = ["cam1/a.jpg", "cam2/a.jpg", "cam2/b.jpg"]
    assert match(files, ["a.jpg", "b.jpg"]) == {"a.jpg": 1, "b.jpg": 2}


def test_the_first_of_repeated_entries_counts() -> None:
    """It is said how many images have several."""
    found = match_paths(["cam1/a.jpg", "cam1/a.jpg"], NAMES)
    assert (dict(found.rows), found.repeated, found.ambiguous) == ({"cam1/a.jpg": 0}, 1, 0)
