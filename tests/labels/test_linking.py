"""Claims about making the links that a table names."""

import re
import shutil
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.labels.linking import make_links
from autofocus.link_images_by_label import link_images_by_label
from autofocus.link_settings import LinkSettings
from tests.killing import tree

HEADER = "filepath,label,link\n"
LOCATED = "filepath,label,link,location\n"


def photographs(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def table(folder: Path, text: str) -> Path:
    path = folder / "links" / "links.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_the_links_are_those_of_the_stage(tmp_path: Path) -> None:
    """From the stage's table alone, each link is made anew with the same name and target."""
    names = ["a/1.JPG", "b/1.JPG", 'b/qu"ote, comma.JPG', "süß 狐.JPG"]
    photographs(tmp_path, *names)
    rows = [(names[0], "cat"), (names[1], "cat"), (names[2], "../dog"), (names[3], "a fox")]
    quoted = ['"photos/{}",{}\n'.format(name.replace('"', '""'), label) for name, label in rows]
    labels = tmp_path / "labels.csv"
    labels.write_text("filepath,label\n" + "".join([*quoted, f"photos/{names[0]},dog\n"]))
    settings = LinkSettings(keep_unresolved=True)
    made = link_images_by_label(labels, tmp_path / "links", settings)
    wanted = {name: each for name, each in tree(tmp_path / "links").items() if "->" in each}
    shutil.copy(made.links, tmp_path / "table")
    shutil.rmtree(tmp_path / "links")
    (tmp_path / "links").mkdir()
    shutil.copy(tmp_path / "table", tmp_path / "links" / "links.csv")
    assert make_links(tmp_path / "links" / "links.csv") == len(wanted) == 5
    found = tree(tmp_path / "links")
    assert found.pop("links.csv")
    assert found == wanted
    assert {(tmp_path / "links" / name).read_text() for name in found} == set(names)


def test_a_missing_photograph_is_told(tmp_path: Path) -> None:
    """A photograph that the table names and no shard has is named."""
    photographs(tmp_path, "1.JPG")
    path = table(
        tmp_path, HEADER + "../photos/1.JPG,cat,cat/1.JPG\n../photos/2.JPG,cat,cat/2.JPG\n"
    )
    wanted = "../photos/2.JPG, which links.csv lists, is not among the images"
    with pytest.raises(InputDataError, match=re.escape(wanted)):
        make_links(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "links.csv is empty"),
        ("filepath,label\n", "no table of links: its columns are not filepath, label, link"),
        (HEADER + "../photos/1.JPG,cat\n", "links.csv, line 2: 2 cells"),
        (HEADER + "../photos/1.JPG,cat,cat/1.JPG,\n", "links.csv, line 2: 4 cells"),
        (LOCATED + "../photos/1.JPG,cat,cat/1.JPG\n", "links.csv, line 2: 3 cells"),
        ("filepath,label,location,link\n", "no table of links"),
        (HEADER + '../photos/1.JPG,cat,"cat/1', "links.csv, line 2: the file ends within"),
        (HEADER + "../photos/1\udcff.JPG,cat,cat/1.JPG\n", "links.csv, line 2: not in UTF-8"),
    ],
)
def test_another_or_a_broken_table_is_told(tmp_path: Path, text: str, words: str) -> None:
    """What is no table of links, or not whole, is one sentence that names it."""
    photographs(tmp_path, "1.JPG")
    with pytest.raises(InputDataError, match=re.escape(words)) as told:
        make_links(table(tmp_path, text))
    assert "\n" not in str(told.value)


def test_a_table_of_no_links_makes_none(tmp_path: Path) -> None:
    """A header alone is a table, too."""
    assert make_links(table(tmp_path, HEADER)) == 0


def test_links_are_made_of_a_table_with_locations(tmp_path: Path) -> None:
    """The link is that of its own column, not of the last one."""
    photographs(tmp_path, "1.JPG")
    path = table(tmp_path, LOCATED + "../photos/1.JPG,cat,cat/1.JPG,mill\n")
    assert make_links(path) == 1
    assert (tmp_path / "links" / "cat" / "1.JPG").read_text() == "1.JPG"
