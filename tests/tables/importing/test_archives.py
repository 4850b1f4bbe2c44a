"""Claims about archives that people give."""

import zipfile
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.tables.importing.archives import check_xml


def test_a_workbook_with_entities_is_an_error(tmp_path: Path) -> None:
    """No spreadsheet program declares a document type, whose entities could read other files."""
    path = tmp_path / "w.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>')
    with zipfile.ZipFile(path) as archive, pytest.raises(InputDataError, match="document type"):
        check_xml(archive)
