"""Claims about what tells which code made a model."""

import subprocess
from pathlib import Path

import pytest

from autofocus.tracking import source


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    source.commit.cache_clear()
    monkeypatch.delenv(source.COMMIT_VARIABLE, raising=False)
    monkeypatch.delenv(source.IMAGE_VARIABLE, raising=False)


def test_in_a_checkout_git_tells_the_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the whole digest, marked where files were changed since."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "a").write_text("1")
    for words in (["init", "-q"], ["add", "a"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *words], check=True)
    told = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    monkeypatch.setattr(source, "_ROOT", tmp_path)
    assert source.commit() == told.stdout.strip()
    source.commit.cache_clear()
    (tmp_path / "a").write_text("2")
    assert source.commit() == f"{told.stdout.strip()}-dirty"


def test_in_an_image_the_environment_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no git in a container, and what was set when it was built counts."""
    monkeypatch.setenv(source.COMMIT_VARIABLE, "abc")
    monkeypatch.setenv(source.IMAGE_VARIABLE, "registry/autofocus-retrain@sha256:1")
    assert source.commit() == "abc"
    assert source.image() == "registry/autofocus-retrain@sha256:1"


def test_elsewhere_nothing_is_invented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package within somebody else's checkout is not of that commit."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setattr(source, "_ROOT", tmp_path / "site-packages")
    assert source.commit() == ""
    assert source.image() == ""


def test_changed_code_has_another_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the version, the commit and the image are called."""
    monkeypatch.setattr(source, "_PACKAGE", tmp_path)
    digests = []
    for content in ("1", "2", "1"):
        (tmp_path / "a.py").write_text(content)
        digests.append(source.code_digest())
    assert digests[0] == digests[2] != digests[1]
