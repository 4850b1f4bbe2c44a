"""Claims about the rows of a table as detections."""

import polars as pl

from autofocus.tables.layout import Layout
from autofocus.tables.records import make_records

CELLS = {
    "day": ["1-Jul-16", " 2-Jul-16", "\u200b3-Jul-16", "NA", "", "1-Jul-16"],
    "folder": ["Z:\\a", "Z:\\b ", "NA", "", "Z:\\a", "z" * 300],
    "name": ["1.jpg", "2.jpg", "3\x00.jpg", "4.jpg", "", "6.jpg"],
    "label": ["fox", "\u200b", "#N/A", "a\x07", "", " fox"],
    "place": ["x", "NA", " x", "", "y", "y"],
    "animals": ["1", "2.0", "x", "", "3", "1"],
    "who": ["human", "Machine", "", "x", "model", ""],
    "fixed": ["1", "", "0", "yes", "", ""],
}
LAYOUTS = (
    Layout(("folder", "name"), ("label",), ("day",), is_standard=True, needs_folder=True),
    Layout(("folder", "place", "name"), ("label", "who"), ("day", "animals")),
    Layout(("name",), ("label",), (), "place", "who", "animals", "who", "fixed"),
)


def test_coded_columns_give_the_records_of_text() -> None:
    """How a column is held in memory changes nothing of the detections."""
    text = pl.DataFrame(CELLS)
    coded = text.cast({name: pl.Categorical(pl.Categories.random("cells")) for name in CELLS})
    for layout in LAYOUTS:
        for separator in ("", "o"):
            expected = make_records(text, layout, (), separator, 2)
            found = make_records(coded, layout, (), separator, 2)
            assert found.schema == expected.schema
            assert found.rows() == expected.rows()
    flagged = (LAYOUTS[2], ("fixed", "animals"), "", 2)
    assert make_records(coded, *flagged).rows() == make_records(text, *flagged).rows()
