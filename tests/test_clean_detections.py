"""Claims about the stage clean_detections."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.clean_detections import CleanResult, clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.errors import InputDataError, OutputConflictError, TooManyRejectedError
from autofocus.tables.columns import PROPERTIES

GOLDEN = Path(__file__).parent / "golden" / "clean_detections"
HEADER = "ImageDate,FilePath,FileName,ShortName\n"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def properties(folder: Path, *photographs: tuple[str, str, str]) -> Path:
    """Write a table of photographs given as path, date and time."""
    folder.mkdir(exist_ok=True)
    path = folder / "image_properties.csv"
    lines = [f"{name},{date},{time},0,100.00,,10,10,,\n" for name, date, time in photographs]
    path.write_text(",".join(PROPERTIES) + "\n" + "".join(lines))
    return path


def clean(
    folder: Path, text: str, *photographs: tuple[str, str, str], **options: object
) -> CleanResult:
    (folder / "d.csv").write_text(HEADER + text)
    table = properties(folder / "images", *photographs)
    settings = CleanSettings(**options)  # type: ignore[arg-type]
    return clean_detections(
        [folder / "d.csv"], folder / "images", table, folder / "c.csv", settings
    )


def test_the_golden_input_gives_the_expected_files(tmp_path: Path) -> None:
    """Table and ledger equal those that were written by hand, byte for byte."""
    shutil.copytree(GOLDEN / "input", tmp_path, dirs_exist_ok=True)
    clean_detections(
        [tmp_path / "detections_2016.csv", tmp_path / "detections_2017.csv"],
        tmp_path / "images",
        tmp_path / "images" / "image_properties.csv",
        tmp_path / "out" / "detections_clean.csv",
    )
    for name in ("detections_clean.csv", "detections_clean.ledger.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (GOLDEN / "expected" / name).read_bytes()


def test_every_row_and_every_photograph_is_accounted_for(tmp_path: Path) -> None:
    """The ledger has one row for each detection and one for each photograph."""
    result = clean(
        tmp_path,
        "05-Jul-16,a/b,1.JPG,cat\n05-Jul-16,a/b,9.JPG,cat\n",
        ("1.JPG", "", ""),
        ("2.JPG", "", ""),
    )
    assert result.counts.inputs == 4
    assert (result.counts.ok, result.counts.rejected) == (2, 2)


def test_detections_that_disagree_about_the_day_are_rejected(tmp_path: Path) -> None:
    """Two dates for one photograph: none is taken for true, and both are told."""
    text = "05-Jul-16,a/b,1.JPG,cat\n06-Jul-16,a/b,1.JPG,dog\n05-Jul-16,a/b,2.JPG,cat\n"
    result = clean(tmp_path, text, ("1.JPG", "", ""), ("2.JPG", "", ""))
    told = [row for row in rows(result.ledger) if row["reason"] == "conflicting_dates"]
    assert [row["input"] for row in told] == ["d.csv:2", "d.csv:3"]
    assert "2016-07-05, 2016-07-06" in told[0]["detail"]
    assert [row["filepath"] for row in rows(result.table)] == ["images/2.JPG"]


def located(folder: Path, text: str, *names: str, **options: object) -> CleanResult:
    """Clean a table that has a further column, Site."""
    (folder / "d.csv").write_text(HEADER.rstrip() + ",Site\n" + text)
    table = properties(folder / "images", *((name, "", "") for name in names))
    settings = CleanSettings(**options)  # type: ignore[arg-type]
    return clean_detections(
        [folder / "d.csv"], folder / "images", table, folder / "c.csv", settings
    )


def test_the_location_stands_before_the_labels(tmp_path: Path) -> None:
    """The column that is named gives `location`, blanks around it cut off; others stay as is."""
    text = "05-Jul-16,a/b,1.JPG,cat, Old mill \n05-Jul-16,a/b,2.JPG,dog,\n"
    result = located(tmp_path, text, "1.JPG", "2.JPG", location_column="Site")
    assert result.table.read_text() == (
        "date,filepath,time,night,mean_brightness,location,contains_cat,contains_dog\n"
        "2016-07-05,images/1.JPG,,0,100.00,Old mill,1,0\n"
        "2016-07-05,images/2.JPG,,0,100.00,,0,1\n"
    )


def test_without_the_option_a_column_of_that_name_is_not_read(tmp_path: Path) -> None:
    """The table is as it was before there was the option, whatever further columns there are."""
    text = "05-Jul-16,a/b,1.JPG,cat,Old mill\n"
    (tmp_path / "d.csv").write_text(HEADER.rstrip() + ",location\n" + text)
    table = properties(tmp_path / "images", ("1.JPG", "", ""))
    result = clean_detections([tmp_path / "d.csv"], tmp_path / "images", table, tmp_path / "c.csv")
    assert result.table.read_text() == (
        "date,filepath,time,night,mean_brightness,contains_cat\n"
        "2016-07-05,images/1.JPG,,0,100.00,1\n"
    )


def test_detections_that_disagree_about_the_place_are_rejected(tmp_path: Path) -> None:
    """Two locations for one photograph: none is taken for true, and both are told."""
    text = (
        "05-Jul-16,a/b,1.JPG,cat,mill\n05-Jul-16,a/b,1.JPG,dog,lake\n"
        "05-Jul-16,a/b,2.JPG,cat,mill\n"
    )
    result = located(tmp_path, text, "1.JPG", "2.JPG", location_column="Site")
    told = [row for row in rows(result.ledger) if row["reason"] == "conflicting_locations"]
    assert [row["input"] for row in told] == ["d.csv:2", "d.csv:3"]
    assert told[0]["detail"] == "the image's detections give lake, mill"
    assert [row["filepath"] for row in rows(result.table)] == ["images/2.JPG"]


@pytest.mark.parametrize("labels", ["cat,dog", "cat,cat"])
@pytest.mark.parametrize("places", [("", "mill"), ("mill", ""), ("mill", "mill")])
def test_one_detection_tells_the_place_for_all(
    tmp_path: Path, labels: str, places: tuple[str, str]
) -> None:
    """A row without a location contradicts none, be it the first or a duplicate."""
    text = "".join(
        f"05-Jul-16,a/b,1.JPG,{label},{place}\n"
        for label, place in zip(labels.split(","), places, strict=True)
    )
    result = located(tmp_path, text, "1.JPG", location_column="Site")
    assert [row["location"] for row in rows(result.table)] == ["mill"]


def test_a_column_of_locations_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The table that lacks it is named, and what it has."""
    with pytest.raises(InputDataError, match=r"d\.csv lacks the column Place; it has .*Site"):
        located(tmp_path, "05-Jul-16,a/b,1.JPG,cat,mill\n", "1.JPG", location_column="Place")


def test_a_column_that_is_read_anyway_can_tell_the_place(tmp_path: Path) -> None:
    """Where people sort photographs by place, the folder itself is the location."""
    text = "05-Jul-16,a/b,1.JPG,cat,mill\n"
    result = located(tmp_path, text, "1.JPG", location_column="FilePath")
    assert [row["location"] for row in rows(result.table)] == ["a/b"]


def test_two_photographs_that_differ_by_case_are_not_guessed(tmp_path: Path) -> None:
    """Where ignoring case would leave two photographs, the detection has none."""
    text = "05-Jul-16,a/b,x.JPG,cat\n05-Jul-16,a/b,y.JPG,cat\n"
    result = clean(tmp_path, text, ("X.jpg", "", ""), ("X.JPg", "", ""), ("y.JPG", "", ""))
    assert rows(result.ledger)[0]["reason"] == "image_missing"


def test_an_empty_result_is_an_error_with_its_likely_cause(tmp_path: Path) -> None:
    """No match at all names what was looked for, what is there, and the options to check."""
    with pytest.raises(
        InputDataError, match=r"b/1\.JPG .* a/1\.JPG.*--strip-components \(now 2\)"
    ):
        clean(tmp_path, "05-Jul-16,Z:/x/b,1.JPG,cat\n", ("a/1.JPG", "", ""))
    assert not (tmp_path / "c.csv").exists()


def test_after_an_error_the_setting_that_it_names_can_be_corrected(tmp_path: Path) -> None:
    """What the message asks for works with the same output, as nothing was made of the first."""
    given = ("05/07/2016,Z:/x/b,1.JPG,cat\n", ("1.JPG", "", ""))
    with pytest.raises(InputDataError, match="give --date-format"):
        clean(tmp_path, *given)
    with pytest.raises(InputDataError, match="strip-components"):
        clean(tmp_path, *given, date_format="day-month-year")
    result = clean(tmp_path, *given, date_format="day-month-year", strip_components=3)
    assert rows(result.table)[0]["date"] == "2016-07-05"


def test_a_second_call_reuses_what_stands(tmp_path: Path) -> None:
    """With the same inputs nothing is computed again: the table is not rewritten."""
    given = ("05-Jul-16,a/b,1.JPG,cat\n", ("1.JPG", "", ""))
    first = clean(tmp_path, *given)
    before = first.table.stat().st_mtime_ns
    second = clean(tmp_path, *given)
    assert (second.counts.ok, second.counts.reused) == (0, 2)
    assert second.table.stat().st_mtime_ns == before
    assert second.notes == first.notes


def test_changed_inputs_are_computed_anew(tmp_path: Path) -> None:
    """A table that has grown gives a new result under the same settings."""
    clean(tmp_path, "05-Jul-16,a/b,1.JPG,cat\n", ("1.JPG", "", ""))
    text = "05-Jul-16,a/b,1.JPG,cat\n05-Jul-16,a/b,1.JPG,dog\n"
    result = clean(tmp_path, text, ("1.JPG", "", ""))
    assert result.counts.ok == 3
    assert rows(result.table)[0]["contains_dog"] == "1"


def test_a_damaged_table_is_made_anew(tmp_path: Path) -> None:
    """An output that was cut off is not reused."""
    given = ("05-Jul-16,a/b,1.JPG,cat\n", ("1.JPG", "", ""))
    table = clean(tmp_path, *given).table
    whole = table.read_bytes()
    table.write_bytes(whole[:-4])
    assert clean(tmp_path, *given).counts.ok == 2
    assert table.read_bytes() == whole


def test_a_file_of_another_origin_is_kept(tmp_path: Path) -> None:
    """A file that stands where the table would be is neither replaced nor removed."""
    (tmp_path / "c.csv").write_text("mine")
    with pytest.raises(OutputConflictError, match=r"c\.csv already exists"):
        clean(tmp_path, "05-Jul-16,a/b,1.JPG,cat\n", ("1.JPG", "", ""))
    assert (tmp_path / "c.csv").read_text() == "mine"


def test_other_settings_are_refused(tmp_path: Path) -> None:
    """The setting that differs is named."""
    clean(tmp_path, "05-Jul-16,a/b,1.JPG,cat\n", ("1.JPG", "", ""))
    with pytest.raises(OutputConflictError, match="strip_components = 2, and now it is 1"):
        clean(tmp_path, "05-Jul-16,b,1.JPG,cat\n", ("1.JPG", "", ""), strip_components=1)


def test_too_many_rejected_rows_are_an_error(tmp_path: Path) -> None:
    """Above the share that is allowed the run fails, and the table stands."""
    text = "05-Jul-16,a/b,1.JPG,cat\n" + "05-Jul-16,a/b,9.JPG,cat\n" * 3
    with pytest.raises(TooManyRejectedError, match="image_missing 3"):
        clean(tmp_path, text, ("1.JPG", "", ""), max_rejected=0.1)
    assert (tmp_path / "c.csv").exists()


def test_properties_may_stand_elsewhere(tmp_path: Path) -> None:
    """The properties' paths are relative to their own table, wherever that is."""
    (tmp_path / "d.csv").write_text(HEADER + "05-Jul-16,a/b,1.JPG,cat\n")
    (tmp_path / "images").mkdir()
    table = properties(tmp_path / "tables", ("../images/1.JPG", "", ""))
    result = clean_detections(
        [tmp_path / "d.csv"], tmp_path / "images", table, tmp_path / "tables" / "c.csv"
    )
    assert [row["filepath"] for row in rows(result.table)] == ["../images/1.JPG"]


def test_absolute_paths_from_elsewhere_are_understood(tmp_path: Path) -> None:
    """Properties with absolute paths join all the same."""
    absolute = (tmp_path / "images" / "1.JPG").as_posix()
    result = clean(tmp_path, "05-Jul-16,a/b,1.JPG,cat\n", (absolute, "", ""))
    assert [row["filepath"] for row in rows(result.table)] == ["images/1.JPG"]


def test_the_command_line_of_old_works(tmp_path: Path) -> None:
    """As a script, with underscores, it writes the table and prints the account."""
    (tmp_path / "d.csv").write_text(HEADER + "05-Jul-16,a/b,1.JPG,cat\n")
    properties(tmp_path / "images", ("1.JPG", "", ""))
    script = Path(__file__).parents[1] / "autofocus" / "clean_detections.py"
    words = ["--detections", "d.csv", "--image_dir", "images", "--outpath", "c.csv"]
    words += ["--image_properties", "images/image_properties.csv"]
    done = subprocess.run(
        [sys.executable, str(script), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2 inputs = 2 ok + 0 reused + 0 rejected" in done.stdout


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    """A table that lacks columns ends with status 3, one line and no traceback."""
    (tmp_path / "d.csv").write_text("Date\nx\n")
    properties(tmp_path / "images", ("1.JPG", "", ""))
    words = ["--detections", "d.csv", "--image-dir", "images", "--outpath", "c.csv"]
    words += ["--image-properties", "images/image_properties.csv"]
    done = subprocess.run(
        [sys.executable, "-m", "autofocus", "clean_detections", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "d.csv lacks a column with the paths of images" in done.stderr


def test_a_video_s_detection_holds_for_its_frames(tmp_path: Path) -> None:
    """Each frame of a video has the video's label, and the ledger a row per row of the table."""
    frames = [f"cam/V1.MP4/frame_000{number}.jpg" for number in (1, 2)]
    result = clean(
        tmp_path,
        "1-May-24,X:\\Y\\cam,v1.mp4,deer\n1-May-24,X:\\Y\\cam,IMG_1.JPG,fox\n",
        *((name, "2024-05-01", "10:00:00") for name in ("cam/IMG_1.JPG", *frames)),
    )
    deer = {row["filepath"]: row["contains_deer"] for row in rows(result.table)}
    assert deer == {"images/cam/IMG_1.JPG": "0", **{f"images/{name}": "1" for name in frames}}
    inputs = [row["input"] for row in rows(result.ledger)]
    assert inputs[:2] == ["d.csv:2", "d.csv:3"]
    assert len(inputs) == 2 + 3


def ledger(folder: Path) -> list[tuple[str, str, str]]:
    found = rows(folder / "c.ledger.csv")
    return [(row["input"], row["reason"], row["detail"]) for row in found]


def test_the_images_own_dates_decide_between_forms(tmp_path: Path) -> None:
    """16-02-03 is of 2016 if the images say so, and the note tells that they did."""
    images = [(f"{n}.JPG", f"2016-0{n}-03", "10:00:00") for n in (1, 2)]
    result = clean(tmp_path, "16-01-03,Z:\\x,1.JPG,deer\n16-02-03,Z:\\x,2.JPG,deer\n", *images)
    assert [row["date"] for row in rows(result.table)] == ["2016-01-03", "2016-02-03"]
    assert "as the images' own dates say" in result.notes[0]


def test_a_bad_row_costs_itself(tmp_path: Path) -> None:
    """Cells that can't be, and rows of other lengths, are rejected with what is wrong."""
    text = (
        "2016-01-01,Z:\\x,1.JPG,deer\n2016-01-01,Z:\\x,1.JPG,de\0er\n2016-01-01,Z:\\x,1.JPG,#REF!\n"
        "2016-01-01,a,b,c,d\n9999-12-31,Z:\\x,1.JPG,deer\n"
    )
    result = clean(tmp_path, text, ("1.JPG", "2016-01-01", ""))
    assert result.counts.inputs == 6
    assert [reason for _, reason, _ in ledger(tmp_path)] == [
        "", "missing_field", "missing_field", "missing_field", "bad_date", "",
    ]  # fmt: skip


def test_two_spellings_of_a_location_are_one(tmp_path: Path) -> None:
    """They are no conflict, and a note tells what became one."""
    (tmp_path / "d.csv").write_text("path,label,site\n1.JPG,a,D1\n1.JPG,b,d1 \n")
    table = properties(tmp_path / "images", ("1.JPG", "", ""))
    result = clean_detections(
        [tmp_path / "d.csv"], tmp_path / "images", table, tmp_path / "c.csv", CleanSettings(0)
    )
    assert [row["location"] for row in rows(result.table)] == ["D1"]
    assert any("they are one location, D1" in note for note in result.notes)


def test_a_join_without_a_result_has_a_ledger(tmp_path: Path) -> None:
    """It tells why each row is rejected, and no table stands beside it."""
    with pytest.raises(InputDataError, match="None of the 1 dates"):
        clean(tmp_path, "1. März 2016,Z:\\x,1.JPG,Reh\n", ("1.JPG", "", ""))
    assert ledger(tmp_path)[0][1:] == ("bad_date", "no date: 1. März 2016")
    assert not (tmp_path / "c.csv").exists()


@pytest.mark.parametrize(
    "row", ["1.JPG,2016-13-01,,0,1.00", "1.JPG,,25:00:00,0,1.00", ",,,0,1.00"]
)
def test_properties_that_can_not_be_are_one_sentence(tmp_path: Path, row: str) -> None:
    """The table of preprocess_images was edited, or is another."""
    clean(tmp_path, "2016-01-01,Z:\\x,1.JPG,deer\n", ("1.JPG", "", ""))
    table = tmp_path / "images" / "image_properties.csv"
    table.write_text(",".join(PROPERTIES) + f"\n{row},,1,1,,\n")
    with pytest.raises(InputDataError, match=r"row 2: .* that preprocess_images writes"):
        clean_detections([tmp_path / "d.csv"], tmp_path / "images", table, tmp_path / "c.csv")
