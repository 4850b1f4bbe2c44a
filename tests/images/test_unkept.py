"""Which originals of a download are not files."""

from pathlib import Path

import pytest

from autofocus.images.unkept import check_kept


@pytest.mark.parametrize("text", ["x" * 5_000, "x/" * 3_000, "x/" * 2_040, "nul\0"])
def test_a_path_that_no_file_can_have_is_left_to_its_reader(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An impossible path of a folder lacks no originals: the stage says what is wrong with it."""
    monkeypatch.chdir(tmp_path)
    check_kept(Path(text))
    assert not list(tmp_path.iterdir())
