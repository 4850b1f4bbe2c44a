"""Claims about embeddings of other versions, and such that were changed."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from autofocus.embeddings.description import RECIPE
from autofocus.embeddings.reading import Embeddings
from autofocus.errors import InputDataError
from tests.embeddings.made_up import key_of, make_embeddings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Embeddings of two images."""
    return make_embeddings(tmp_path / "embeddings", range(2))


def check_refused(folder: Path, sentence: str) -> None:
    """Check that the embeddings are refused, and that no file is made among them."""
    names = sorted(folder.iterdir())
    with pytest.raises(InputDataError, match=sentence), Embeddings([folder]):
        pass
    assert sorted(folder.iterdir()) == names


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("recipe", RECIPE + 1, "another version of autofocus embed"),
        ("format", 2, "another version of autofocus embed"),
        ("settings", [], "can't be read"),
        ("settings", {"views": "1"}, "can't be read"),
        ("images", "2", "can't be read"),
        ("rejected", None, "can't be read"),
        ("backbone", 7, "can't be read"),
        ("backbone", "another", "can't be read"),
        ("views", [[]], "can't be read"),
        ("bytes", {}, "can't be read"),
    ],
)
def test_what_another_version_wrote_is_refused(
    folder: Path, key: str, value: Any, sentence: str
) -> None:
    """Embeddings of another recipe, or with a description that was changed, are not used."""
    path = folder / "embeddings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    check_refused(folder, sentence)


def test_a_changed_key_is_damage(folder: Path) -> None:
    """A key that can't be one is told in a sentence, too."""
    (path,) = folder.glob("backbone*.sqlite")
    key = key_of(0).encode()
    path.write_bytes(path.read_bytes().replace(key, b"zz" + key[2:]))
    check_refused(folder, "is damaged")


def test_folders_that_can_not_be_opened_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system allows no more open files, the sentence says what to change."""

    def fail(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", fail)
    check_refused(folder, r"can't be opened .*ulimit -n")
