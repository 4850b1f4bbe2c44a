"""Claims about exports that `clean_detections` reads again."""

from pathlib import Path

import pytest

from autofocus.tables.columns import SOURCE
from autofocus.tables.importing.formats import read_table
from autofocus.tables.layout import ReadOptions
from autofocus.tables.records import LABEL
from tests.exporting.making import export_files, prediction, write_table
from tests.exporting.test_camtrap_dp import DEPLOYMENTS


@pytest.mark.parametrize("form", ["camtrap-dp", "csv", "wildlife-insights"])
def test_an_export_has_the_labels_and_who_gave_them(tmp_path: Path, form: str) -> None:
    """The same labels come back, as those of a model."""
    rows = [prediction("a/1.JPG"), prediction("a/2.JPG", label="red fox")]
    files = export_files(
        write_table(tmp_path / "predictions.csv", rows),
        tmp_path / "out",
        form,
        deployments=write_table(tmp_path / "deployments.csv", DEPLOYMENTS),
        timezone="America/Chicago",
    )
    table = read_table(next(iter(files.values())), ReadOptions()).frame
    assert [*zip(table[LABEL], table[SOURCE], strict=True)] == [
        ("raccoon", "model"),
        ("red fox", "model"),
    ]
