"""Claims about clean_detections on tables of other shapes than that of 2018."""

from pathlib import Path

import pytest

from autofocus.clean_detections import CleanResult, clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.errors import InputDataError, SettingError
from autofocus.options.settings import from_mapping
from tests.tables.importing.samples import COCO, MEGADETECTOR, write_json
from tests.test_clean_detections import HEADER, properties, rows

IMAGES = (("s1/1.JPG", "2016-07-05", "10:00:03"), ("s1/2.JPG", "", ""), ("s1/3.JPG", "", ""))


def clean(
    folder: Path, *tables: Path | str, images: tuple[tuple[str, str, str], ...] = IMAGES,
    **options: object,
) -> CleanResult:  # fmt: skip
    """Clean tables, given as paths or as the text of a CSV file."""
    paths = []
    for number, table in enumerate(tables):
        path = folder / f"t{number}.csv" if isinstance(table, str) else table
        if isinstance(table, str):
            path.write_text(table)
        paths.append(path)
    settings = CleanSettings(**options)  # type: ignore[arg-type]
    known = properties(folder / "images", *images)
    return clean_detections(paths, folder / "images", known, folder / "c.csv", settings)


def cells(result: CleanResult, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in columns) for row in rows(result.table)]


def test_without_dates_those_of_the_images_count(tmp_path: Path) -> None:
    """The simplest table there is gives images with their own date and time."""
    result = clean(tmp_path, "filepath,label\ns1/1.JPG,fox\ns1/2.JPG,deer\n")
    assert cells(result, "date", "time", "contains_fox") == [
        ("2016-07-05", "10:00:03", "1"),
        ("", "", "0"),
    ]
    assert "no dates, so that those of the images count" in result.notes[0]


@pytest.mark.parametrize("blank", ["", "NA", "-"])
def test_a_row_without_a_date_takes_that_of_the_image(tmp_path: Path, blank: str) -> None:
    """Only in tables of 2018 is a row without a date rejected."""
    text = f"filepath,label,date\ns1/1.JPG,fox,{blank}\ns1/2.JPG,fox,2016-07-06\n"
    assert cells(clean(tmp_path, text), "date") == [("2016-07-05",), ("2016-07-06",)]


def test_the_time_of_a_table_counts_for_images_without_one(tmp_path: Path) -> None:
    """An image's own time is better, as its camera wrote it."""
    text = "filepath,label,date\ns1/1.JPG,fox,2016-07-05 9:00\ns1/2.JPG,fox,2016-07-06 9:30 PM\n"
    assert cells(clean(tmp_path, text), "date", "time") == [
        ("2016-07-05", "10:00:03"),
        ("2016-07-06", "21:30:00"),
    ]


def test_a_time_is_left_out_where_the_dates_disagree(tmp_path: Path) -> None:
    """Nobody knows then which of the two clocks was right."""
    text = "filepath,label,date\ns1/1.JPG,fox,2016-07-08 9:00\n"
    assert cells(clean(tmp_path, text), "date", "time") == [("2016-07-08", "")]


def test_one_row_of_the_ledger_per_row_of_a_wide_table(tmp_path: Path) -> None:
    """An image with two labels is one input; one without a mark is rejected."""
    result = clean(tmp_path, "filepath,deer,fox\ns1/1.JPG,1,1\ns1/2.JPG,0,0\n")
    assert cells(result, "contains_deer", "contains_fox") == [("1", "1")]
    ledger = [row for row in rows(result.ledger) if row["input"].startswith("t0.csv")]
    assert [(row["input"], row["status"], row["reason"]) for row in ledger] == [
        ("t0.csv:2", "ok", ""),
        ("t0.csv:3", "rejected", "no_label"),
    ]


def test_what_an_importer_knows_is_in_the_table(tmp_path: Path) -> None:
    """Location, sequence, count and box stand before the labels, and only if they are known."""
    table = write_json(tmp_path / "x.json", COCO)
    result = clean(tmp_path, table)
    assert result.table.read_text().splitlines()[0] == (
        "date,filepath,time,night,mean_brightness,location,sequence,count,box_left,box_top,"
        "box_width,box_height,box_score,contains_deer,contains_empty"
    )
    assert cells(result, "filepath", "location", "sequence", "count", "box_left", "box_score") == [
        ("images/s1/1.JPG", "mill", "q1", "2", "0.5000", ""),
        ("images/s1/2.JPG", "mill", "q1", "", "", ""),
    ]


def test_a_detector_adds_boxes_to_what_people_labelled(tmp_path: Path) -> None:
    """Beside other tables, a detector's categories make no labels, as it sees all images."""
    detector = write_json(tmp_path / "md.json", MEGADETECTOR)
    result = clean(tmp_path, "filepath,label\ns1/1.JPG,fox\n", detector)
    assert cells(result, "filepath", "count", "box_score", "contains_fox") == [
        ("images/s1/1.JPG", "3", "0.9000", "1")
    ]
    assert "source" not in result.table.read_text()
    assert result.table.read_text().splitlines()[0].count("contains_") == 1
    ledger = {row["input"]: row for row in rows(result.ledger)}
    assert ledger["md.json:s1/1.JPG"]["detail"] == "only its box counts: others labelled the image"
    assert ledger["md.json:s1/2.JPG"]["reason"] == "no_label"
    assert ledger["md.json:s1/3.JPG"]["reason"] == "unreadable"


def test_a_detector_alone_gives_the_labels(tmp_path: Path) -> None:
    """Without other tables its categories and the empty images are what is known."""
    result = clean(tmp_path, write_json(tmp_path / "md.json", MEGADETECTOR))
    assert cells(result, "source", "contains_animal", "contains_person", "contains_empty") == [
        ("model", "1", "1", "0"),
        ("model", "0", "0", "1"),
    ]


def test_labels_that_differ_in_spelling_are_one(tmp_path: Path) -> None:
    """The first spelling stays, a second row of the same label is a duplicate, a note says so."""
    text = "filepath,label\ns1/1.JPG,Red Fox\ns1/1.JPG,red  fox\ns1/2.JPG,RED FOX\n"
    result = clean(tmp_path, text)
    assert cells(result, "contains_Red Fox") == [("1",), ("1",)]
    assert result.counts.reasons["duplicate"] == 1
    assert "they are one label, Red Fox" in "".join(result.notes)


def test_paths_that_differ_in_unicode_form_match(tmp_path: Path) -> None:
    """A Mac's folder is found by the name that a table from Windows has."""
    images = (("Fore\u0302t/1.JPG", "", ""),)
    result = clean(tmp_path, "filepath,label\nFor\u00eat/1.jpg,fox\n", images=images)
    assert cells(result, "filepath") == [("images/Fore\u0302t/1.JPG",)]
    assert "case and Unicode form" in rows(result.ledger)[0]["detail"]


@pytest.mark.parametrize("prefix", ["", "s1/", "https://example.org/data/s1/"])
def test_the_number_of_components_is_found_where_the_set_one_gives_nothing(
    tmp_path: Path, prefix: str
) -> None:
    """Paths of other programs are relative, or addresses; a note names the number."""
    images = (("1.JPG", "", ""),) if not prefix else IMAGES
    result = clean(tmp_path, f"filepath,label\n{prefix}1.JPG,fox\n", images=images)
    assert len(rows(result.table)) == 1
    assert ("of its paths removed" in "".join(result.notes)) == bool(prefix)


def test_a_folder_below_the_one_of_the_table_is_found(tmp_path: Path) -> None:
    """The images of one year, preprocessed by themselves, lack the year's folder."""
    text = HEADER + "05-Jul-16,Z:\\Traps\\images_2016\\s1\\,1.JPG,fox\n"
    result = clean(tmp_path, text)
    assert cells(result, "filepath") == [("images/s1/1.JPG",)]
    assert "3 components of its paths removed" in "".join(result.notes)


def test_the_same_name_in_another_folder_is_no_match(tmp_path: Path) -> None:
    """For a table of 2018 folders are never all removed by themselves; the error proposes it."""
    text = HEADER + "05-Jul-16,Z:\\Traps\\s9\\,1.JPG,fox\n"
    with pytest.raises(InputDataError, match=r"\(0 of 1\)\. With --strip-components 3 instead"):
        clean(tmp_path, text, images=(("1.JPG", "", ""),))


@pytest.mark.parametrize(
    ("date", "label", "words"),
    [
        ("1. M\u00e4rz 2016", "fox", "None of the 1 dates .* such as '1. M\u00e4rz 2016'"),
        ("05-Jul-16", "", "1 because ShortName is empty"),
    ],
)
def test_an_empty_result_names_what_is_wrong(
    tmp_path: Path, date: str, label: str, words: str
) -> None:
    """If the images are there, the error does not blame the paths."""
    with pytest.raises(InputDataError, match=words):
        clean(tmp_path, HEADER + f"{date},Z:\\Traps\\s1\\,1.JPG,{label}\n")


def test_days_as_excel_counts_them_are_dates(tmp_path: Path) -> None:
    """The number of a day and its share are date and time."""
    text = HEADER + "42556.5,Z:\\Traps\\s1\\,2.JPG,fox\n"
    assert cells(clean(tmp_path, text), "date", "time") == [("2016-07-05", "12:00:00")]


def test_columns_can_be_a_mapping(tmp_path: Path) -> None:
    """In a parameter file the roles are keys, and several columns a list."""
    values = {"columns": {"path": "Bild", "label": ["Art", "Art2"]}}
    settings = from_mapping(CleanSettings, values, "run.yaml")
    assert settings.columns == ("path=Bild", "label=Art", "label=Art2")
    text = "Bild,Art,Art2\ns1/1.JPG,fox,deer\n"
    assert cells(clean(tmp_path, text, columns=settings.columns), "contains_deer") == [("1",)]


@pytest.mark.parametrize(
    "options",
    [
        {"columns": ("location=a",), "location_column": "b"},
        {"columns": ("count=a", "count=b")},
        {"label_separator": ""},
        {"box_threshold": 2.0},
    ],
)
def test_settings_that_contradict_are_an_error(options: dict[str, object]) -> None:
    """A role has one column, and the separator and the threshold are possible."""
    with pytest.raises(SettingError):
        CleanSettings(**options)  # type: ignore[arg-type]
