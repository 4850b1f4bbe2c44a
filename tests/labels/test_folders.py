"""Claims about the names of label folders and links."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from autofocus.labels.folders import folder_to_label, label_to_folder, link_name

labels = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
awkward = st.sampled_from(
    [
        "..",
        ".",
        "a/b",
        "a\\b",
        "con",
        "NUL.txt",
        "a.",
        "a ",
        "a%2Fb",
        "100%",
        "C:",
        "~",
        "é!!",
        ".x",
        "\0",
        "",
    ]
)


@given(st.one_of(labels, awkward))
def test_a_folder_s_name_is_one_safe_part_of_a_path(label: str) -> None:
    """Whatever a label is called, its folder's name leads nowhere else and fits a file system."""
    name = label_to_folder(label)
    assert name not in ("", ".", "..")
    assert not set(name) & set('/\\:*?"<>|\0')
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert name.split(".")[0].lower() not in ("con", "nul", "prn", "aux", "com1")
    assert len(name.encode()) <= 150


def is_shortened(label: str) -> bool:
    """Tell whether the folder's name ends in a digest; cut between letters, it may be shorter."""
    digest = hashlib.sha256(label.encode("utf-8", "surrogateescape")).hexdigest()
    return label_to_folder(label).endswith(f"-{digest[:10]}")


@given(st.one_of(labels, awkward).filter(lambda label: not is_shortened(label)))
def test_the_label_can_be_read_back(label: str) -> None:
    """The folder's name gives back its label, so that no two labels share a folder."""
    assert folder_to_label(label_to_folder(label)) == label


def test_an_ordinary_label_stays_as_it_is() -> None:
    """Common labels are not changed."""
    for label in ("raccoon", "not_raccoon", "white-tailed deer", "Marder (Stein)", "wilk"):
        assert label_to_folder(label) == label


def test_very_long_labels_stay_apart() -> None:
    """Two labels that differ only far behind have folders of their own."""
    one, other = label_to_folder("x" * 300 + "1"), label_to_folder("x" * 300 + "2")
    assert one != other
    assert len(one) <= 150


def test_equal_file_names_have_different_links() -> None:
    """Two cameras' IMG_0001.JPG get two names, each with the file's own in it."""
    one, other = link_name("cam1/IMG_0001.JPG"), link_name("cam2/IMG_0001.JPG")
    assert one != other
    assert one.startswith("IMG_0001-")
    assert one.endswith(".JPG")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_a_link_s_name_is_one_part_of_a_path(path: str) -> None:
    """Whatever a file is called, the link's name stays in its folder and is short enough."""
    name = link_name(path)
    assert "/" not in name
    assert name not in (".", "..")
    assert len(name.encode()) < 255
