"""Tests of the images' tag, which must mean one content."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docker" / "tag.sh"


def git(folder: Path, *words: str) -> str:
    told = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.strip()


def tag(folder: Path) -> str:
    told = subprocess.run(
        [folder / "docker" / "tag.sh"], check=True, capture_output=True, text=True
    )
    return told.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clean checkout that holds the script."""
    (tmp_path / "docker").mkdir()
    shutil.copy(SCRIPT, tmp_path / "docker")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_a_clean_tree_has_its_commit_s_tag(checkout: Path) -> None:
    """The tag is the commit's first twelve digits."""
    assert tag(checkout) == git(checkout, "rev-parse", "--short=12", "HEAD")


def test_every_content_has_a_tag_of_its_own(checkout: Path) -> None:
    """Changes and new files change the tag, and taking them back brings the old one again."""
    clean = tag(checkout)
    (checkout / "new.py").write_text("1")
    one = tag(checkout)
    (checkout / "new.py").write_text("2")
    two = tag(checkout)
    (checkout / "new.py").write_text("1")
    assert tag(checkout) == one
    assert len({clean, one, two}) == 3
    assert re.fullmatch(rf"{clean}-[0-9a-f]{{12}}", one)


def test_asking_for_the_tag_changes_nothing(checkout: Path) -> None:
    """What is staged stays staged, and what isn't stays so."""
    (checkout / "new.py").write_text("1")
    before = git(checkout, "status", "--porcelain")
    tag(checkout)
    assert git(checkout, "status", "--porcelain") == before


def test_without_a_checkout_a_tag_must_be_given(tmp_path: Path) -> None:
    """One sentence says so."""
    (tmp_path / "docker").mkdir()
    shutil.copy(SCRIPT, tmp_path / "docker")
    told = subprocess.run(
        [tmp_path / "docker" / "tag.sh"], check=False, capture_output=True, text=True
    )
    assert told.returncode == 1
    assert told.stderr == "tag: error: this is not a git checkout, so set a tag: TAG=1.2.3\n"
