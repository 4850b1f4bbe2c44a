"""Claims about the stage export."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError, OutputConflictError, SettingError
from autofocus.export import COMMAND, export
from autofocus.exporting.settings import ExportSettings
from autofocus.runs.ledger import read_ledger
from tests.exporting.making import failed, prediction, write_table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with an accepted image, one for review, and one that failed."""
    rows = [
        prediction("1.JPG"),
        prediction("2.JPG", decision="review", score="0.4"),
        failed("3.JPG"),
    ]
    return write_table(tmp_path / "predictions.csv", rows)


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder, hidden ones aside."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_several_formats_at_once(table: Path, tmp_path: Path) -> None:
    """`--formats` takes several, and `--format` is the same option."""
    for option in ("--formats", "--format"):
        out = tmp_path / option
        words = ["--predictions", str(table), "--outdir", str(out), option, "csv", "megadetector"]
        assert COMMAND.main(words) == 0
        assert names(out) == ["events.csv", "images.csv", "ledger.csv", "megadetector.json"]


def test_the_ledger_has_a_row_per_image(table: Path, tmp_path: Path) -> None:
    """What failed keeps its reason, and what was not asked for is not_selected."""
    result = export(table, tmp_path / "out", ExportSettings(decision="accept"))
    rows = [(row.input, row.reason) for _, row in read_ledger(result.ledger)]
    assert rows == [
        ("preprocessed/1.JPG", None),
        ("preprocessed/2.JPG", "not_selected"),
        ("preprocessed/3.JPG", "truncated"),
    ]


def test_an_unknown_status_is_an_error(table: Path, tmp_path: Path) -> None:
    """A status that predict does not write is reported with its line."""
    write_table(table, [prediction("1.JPG"), failed("2.JPG", "odd")])
    with pytest.raises(InputDataError, match="line 3: the status 'odd' is none"):
        export(table, tmp_path / "out", ExportSettings())


def test_an_export_replaces_the_one_before(table: Path, tmp_path: Path) -> None:
    """Files of formats that are no longer asked for are removed."""
    out = tmp_path / "out"
    export(table, out, ExportSettings(formats=("csv", "megadetector")))
    before = (out / "images.csv").read_bytes()
    export(table, out, ExportSettings(formats=("csv",)))
    assert names(out) == ["events.csv", "images.csv", "ledger.csv"]
    assert (out / "images.csv").read_bytes() == before


def test_no_empty_folder_is_left(table: Path, tmp_path: Path) -> None:
    """A format in a folder of its own is removed with that folder."""
    deployments = [{"location": "D03-AMP1", "latitude": "41", "longitude": "-87"}]
    deployments[0] |= {"start": "2016-07-01", "end": "2016-07-30"}
    path = write_table(tmp_path / "deployments.csv", deployments)
    settings = ExportSettings(formats=("camtrap-dp",), deployments=path, timezone="Z")
    result = export(table, tmp_path / "out", settings)
    assert list(result.outputs) == ["camtrap_dp"]
    assert len(result.files) == 7
    export(table, tmp_path / "out")
    assert names(tmp_path / "out") == ["events.csv", "images.csv", "ledger.csv"]


def test_an_edited_file_is_kept(table: Path, tmp_path: Path) -> None:
    """A table that somebody has corrected is neither overwritten nor removed."""
    out = tmp_path / "out"
    export(table, out)
    (out / "images.csv").write_text("mine")
    for formats in (("csv",), ("megadetector",)):
        with pytest.raises(OutputConflictError, match="has been changed since export wrote it"):
            export(table, out, ExportSettings(formats=formats))
    assert (out / "images.csv").read_text() == "mine"


def test_a_foreign_file_is_kept(table: Path, tmp_path: Path) -> None:
    """A file that stands in an output's place is not overwritten."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "images.csv").write_text("mine")
    with pytest.raises(OutputConflictError, match=r"images\.csv already exists"):
        export(table, tmp_path / "out")


def test_an_unknown_format_is_named() -> None:
    """A format that does not exist is an error that lists those that do."""
    with pytest.raises(SettingError, match=r"'pdf' is not one of .*megadetector"):
        ExportSettings(formats=("pdf",))  # type: ignore[arg-type]


def test_nothing_to_export_is_said(table: Path, tmp_path: Path) -> None:
    """A month without images for review gives empty files and a note, for the job to go on."""
    write_table(table, [prediction("1.JPG")])
    result = export(table, tmp_path / "out", ExportSettings(decision="review"))
    assert (
        "predictions.csv has no rows with --decision review: the files hold none" in result.notes
    )
    assert len((tmp_path / "out" / "images.csv").read_text().splitlines()) == 1
