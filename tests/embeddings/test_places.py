"""Claims about which image of embeddings a path means."""

import pytest

from autofocus.embeddings.places import find_places


@pytest.mark.parametrize(
    ("above", "names", "linked"),
    [
        # A folder of the bucket has the name of that of the prepared images,
        ("../prepared", ["a/1.jpg", "a/2.jpg", "prepared/a/1.jpg"], ["a/1.jpg", "a/2.jpg"]),
        # even one that has a copy of each image;
        ("../preprocessed", ["a/1.jpg", "preprocessed/a/1.jpg"], ["a/1.jpg"]),
        ("../preprocessed", ["a/1.jpg", "preprocessed/a/1.jpg"], ["preprocessed/a/1.jpg"]),
        # and folders of the bucket repeat each other.
        ("/data/images", ["a/1.jpg", "1.jpg"], ["a/1.jpg"]),
        ("", ["a/1.jpg", "1.jpg"], ["a/1.jpg", "1.jpg"]),
    ],
)
def test_a_path_is_of_the_image_below_the_prepared_folder(
    above: str, names: list[str], linked: list[str]
) -> None:
    """Where two ends of a path are names of images, the image is the one that was linked."""
    paths = {name: "/".join(filter(None, (above, name))) for name in linked}
    assert find_places(paths, names, []) == {name: name for name in linked}
