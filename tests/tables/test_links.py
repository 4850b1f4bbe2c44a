"""Claims about reading the table of links."""

from pathlib import Path

from autofocus.tables.links import LinkRow, read_links

HEADER, LOCATED = "filepath,label,link\n", "filepath,label,link,location\n"


def table(folder: Path, text: str) -> Path:
    path = folder / "links.csv"
    path.write_text(text)
    return path


def test_rows_are_read_with_and_without_locations(tmp_path: Path) -> None:
    """Both forms of the table are understood; a location that isn't told is empty."""
    row = "../photos/1.JPG,cat,cat/1.JPG"
    found = list(read_links(table(tmp_path, HEADER + row + "\n")))
    assert found == [LinkRow("../photos/1.JPG", "cat", "cat/1.JPG")]
    found = list(read_links(table(tmp_path, LOCATED + row + ',"Old mill, N"\n')))
    assert found == [LinkRow("../photos/1.JPG", "cat", "cat/1.JPG", {"location": "Old mill, N"})]
