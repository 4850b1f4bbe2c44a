"""Claims about the way of a location: from a column of people's tables to the links."""

import csv
from pathlib import Path

import pytest

from autofocus.clean_detections import CleanResult, clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.errors import InputDataError
from autofocus.link_images_by_label import link_images_by_label
from autofocus.link_settings import LinkSettings
from autofocus.tables.columns import PROPERTIES
from autofocus.tables.links import read_links

HEADER = "ImageDate,FilePath,FileName,ShortName,Site\n"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def clean(folder: Path, text: str, *, column: str | None = "Site", images: int = 2) -> CleanResult:
    (folder / "images").mkdir(exist_ok=True)
    (folder / "d.csv").write_text(HEADER + text)
    table = folder / "images" / "image_properties.csv"
    lines = [f"{n}.JPG,,,0,100.00,,10,10,,\n" for n in range(1, images + 1)]
    table.write_text(",".join(PROPERTIES) + "\n" + "".join(lines))
    for number in range(1, images + 1):
        (folder / "images" / f"{number}.JPG").write_text(str(number))
    settings = CleanSettings(location_column=column)
    return clean_detections(
        [folder / "d.csv"], folder / "images", table, folder / "c.csv", settings
    )


def test_a_location_goes_from_the_detections_to_the_links(tmp_path: Path) -> None:
    """The named column stands as `location` before the labels, and beside each link."""
    text = "05-Jul-16,a/b,1.JPG,cat,The old mill\n05-Jul-16,a/b,2.JPG,dog,\n"
    result = clean(tmp_path, text)
    assert (
        result.table.read_text()
        .splitlines()[0]
        .endswith("mean_brightness,location,contains_cat,contains_dog")
    )
    assert [row["location"] for row in rows(result.table)] == ["The old mill", ""]
    link_images_by_label(result.table, tmp_path / "links", LinkSettings())
    linked = list(read_links(tmp_path / "links" / "links.csv"))
    assert [(row.label, row.location) for row in linked] == [("cat", "The old mill"), ("dog", "")]


def test_without_a_column_the_tables_are_as_ever(tmp_path: Path) -> None:
    """Nobody who doesn't ask for locations sees a column of them."""
    result = clean(tmp_path, "05-Jul-16,a/b,1.JPG,cat,X\n", column=None)
    assert "location" not in result.table.read_text()
    link_images_by_label(result.table, tmp_path / "links", LinkSettings())
    assert (tmp_path / "links" / "links.csv").read_text().startswith("filepath,label,link\n")


def test_a_row_that_tells_it_speaks_for_one_that_does_not(tmp_path: Path) -> None:
    """Of two detections on a photograph, one location is enough."""
    text = "05-Jul-16,a/b,1.JPG,cat,\n05-Jul-16,a/b,1.JPG,dog,Mill\n"
    assert [row["location"] for row in rows(clean(tmp_path, text).table)] == ["Mill"]


def test_two_locations_of_one_photograph_are_rejected(tmp_path: Path) -> None:
    """None is taken for true, and both are told."""
    text = "05-Jul-16,a/b,1.JPG,cat,Mill\n05-Jul-16,a/b,1.JPG,dog,Pond\n05-Jul-16,a/b,2.JPG,dog,\n"
    result = clean(tmp_path, text)
    told = [row for row in rows(result.ledger) if row["reason"] == "conflicting_locations"]
    assert [row["input"] for row in told] == ["d.csv:2", "d.csv:3"]
    assert "Mill, Pond" in told[0]["detail"]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The sentence says which column lacks, and which there are."""
    with pytest.raises(InputDataError, match=r"lacks the column Plot; it has ImageDate,"):
        clean(tmp_path, "05-Jul-16,a/b,1.JPG,cat,Mill\n", column="Plot")


def test_a_changed_location_is_linked_anew(tmp_path: Path) -> None:
    """A correction in the table reaches links that stand already."""
    table = tmp_path / "labels.csv"
    (tmp_path / "1.JPG").write_text("1")
    for place in ("Mill", "Pond"):
        table.write_text(f"filepath,label,location\n1.JPG,cat,{place}\n")
        link_images_by_label(table, tmp_path / "links", LinkSettings())
        (row,) = read_links(tmp_path / "links" / "links.csv")
        assert row.location == place


def test_another_table_is_no_table_of_links(tmp_path: Path) -> None:
    """Its columns are told."""
    (tmp_path / "links.csv").write_text("filepath,label\na,b\n")
    with pytest.raises(InputDataError, match="no table of links"):
        list(read_links(tmp_path / "links.csv"))
