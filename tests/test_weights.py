"""Claims about the command that fetches weights."""

from pathlib import Path

import pytest

from autofocus.cli import main
from autofocus.detector.weights import FOLDER_VARIABLE
from autofocus.errors import ExitStatus


def test_the_command_says_what_it_did(
    detector_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The first call writes the file, the second says that it is there; the name is optional."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    path = tmp_path / "megadetector-lite.onnx"
    assert main(["weights", "--from", str(detector_weights)]) == ExitStatus.SUCCESS
    assert main(["weights", "megadetector-lite"]) == ExitStatus.SUCCESS
    assert capsys.readouterr().out.splitlines() == [
        f"weights: {path}: made of zamba==2.7.2 (licence: MIT)",
        f"weights: {path}: there already (licence: MIT)",
    ]


def test_a_wrong_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not the weights is reported without a traceback, and nothing is written."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    (tmp_path / "file").write_text("text")
    assert main(["weights", "--from", str(tmp_path / "file")]) == ExitStatus.INPUT
    error = capsys.readouterr().err
    assert error.startswith("autofocus weights: error: ")
    assert error.count("\n") == 1
    assert not any((tmp_path / "weights").iterdir())
