"""Claims about tar files that this project has not made."""

import tarfile
from pathlib import Path

import pytest

from autofocus.containers.tars import tar_of, unpack_tar


def packed(path: Path, *names: str, kind: bytes = tarfile.REGTYPE) -> Path:
    """Return a tar file with empty members."""
    with tarfile.open(path, "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type, member.pax_headers = kind, {"mtime": "1.000000000"}
            tar.addfile(member)
    return path


@pytest.mark.parametrize(
    "names",
    [("../out",), ("/out/a",), ("a/../../out",), ("a", "a/b"), ("a/b", "a"), ("a" * 300,)],
    ids=str,
)
def test_members_that_can_not_be_files_below_the_folder_are_refused(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """Such an archive counts as none, and nothing appears elsewhere."""
    assert not unpack_tar(packed(tmp_path / "a.tar", *names), tmp_path / "in")
    assert not (tmp_path / "out").exists()


def test_links_are_refused(tmp_path: Path) -> None:
    """Links could lead anywhere."""
    tar = packed(tmp_path / "a.tar", "a", kind=tarfile.SYMTYPE)
    assert not unpack_tar(tar, tmp_path / "in")


def test_damage_anywhere_is_no_error(tmp_path: Path) -> None:
    """Whichever byte of a header is changed, the archive is read, or counts as none."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    whole = b"".join(tar_of(folder))
    for place in range(0, 3 * tarfile.BLOCKSIZE, 7):
        tar = tmp_path / "a.tar"
        tar.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        assert unpack_tar(tar, tmp_path / "in" / str(place)) in (True, False)
