"""Claims about the archives in which photographs go from component to component."""

import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.containers.archive import MANIFEST, join, pack, parts, read_manifest, unpack
from autofocus.errors import InputDataError
from autofocus.runs.files import digest_file

FILES = {"a/1.JPG": b"one", "a/2.JPG": b"two" * 400, "b/1.JPG": b"", "preparation.json": b"{}"}


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder; folders alone don't count."""
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def archived(folder: Path, files: Mapping[str, bytes] = FILES, tar_bytes: int = 1 << 20) -> Path:
    write(folder / "source", files)
    pack(folder / "source", list(files), folder / "archive", tar_bytes=tar_bytes)
    return folder / "archive"


@contextmanager
def new_folder() -> Iterator[Path]:
    """Make a folder for one example of hypothesis."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


# No two differ by more than their number, so that no file stands where another has a folder.
letters = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40
)
stems = st.one_of(
    letters,
    st.sampled_from(["IMG 1", "süß 狐 🦊", "two\nlines", "back\\slash", "x" * 120, "-rf", " "]),
).filter(lambda text: text not in {".", ".."})
names = st.lists(stems, max_size=6).map(
    lambda found: [
        f"{n % 2}/{'d' * (1 + n % 3 * 90)}/{stem}/{n}.JPG" for n, stem in enumerate(found)
    ]
)
packed = names.flatmap(
    lambda keys: st.fixed_dictionaries({key: st.binary(max_size=3000) for key in keys})
)


@settings(max_examples=50)
@given(packed, st.sampled_from([1, 512, 2000, 1 << 30]))
def test_what_is_packed_comes_out(files: dict[str, bytes], tar_bytes: int) -> None:
    """Names of every kind, long ones too, and contents are the same after pack and unpack."""
    with new_folder() as folder:
        archive = archived(folder, files, tar_bytes)
        assert read(folder / "source") == {}
        assert unpack([archive], folder / "out") == len(files)
        assert read(folder / "out") == files


def test_a_name_that_is_no_text_comes_out(tmp_path: Path) -> None:
    """A file's name that isn't UTF-8 keeps its bytes."""
    name = os.fsdecode(b"no text\xff.JPG")
    unpack([archived(tmp_path, {name: b"x"})], tmp_path / "out")
    assert os.listdir(os.fsencode(tmp_path / "out")) == [b"no text\xff.JPG"]  # noqa: PTH208


def test_tar_files_are_closed_at_their_size(tmp_path: Path) -> None:
    """A tar file takes files until it holds so many bytes; the manifest has its digest."""
    files = {f"{n}.JPG": bytes(100) for n in range(7)}
    archive = archived(tmp_path, files, tar_bytes=250)
    tars = read_manifest(archive)
    assert [(tar.name, tar.files) for tar in tars] == [
        ("part-00000.tar", 3),
        ("part-00001.tar", 3),
        ("part-00002.tar", 1),
    ]
    assert [tar.sha256 for tar in tars] == [digest_file(archive / tar.name) for tar in tars]
    assert sorted(path.name for path in archive.iterdir()) == [
        MANIFEST,
        *(tar.name for tar in tars),
    ]


def test_equal_files_give_equal_bytes(tmp_path: Path) -> None:
    """Neither time, mode nor folder of the files shows in an archive."""
    one = archived(tmp_path / "one", tar_bytes=600)
    write(tmp_path / "two" / "source", FILES)
    for number, name in enumerate(FILES):
        path = tmp_path / "two" / "source" / name
        os.utime(path, (number, number))
        path.chmod(0o600)
    two = archived(tmp_path / "two", tar_bytes=600)
    assert read(one) == read(two)
    assert len(read(one)) == 3


def test_the_disk_holds_packed_files_once(tmp_path: Path) -> None:
    """What was packed is gone from its folder, and nothing else is; a link's target stays."""
    write(tmp_path / "elsewhere", {"1.JPG": b"original"})
    source = write(tmp_path / "source", {"2.JPG": b"two", "notes.txt": b"mine"})
    (source / "1.JPG").symlink_to(tmp_path / "elsewhere" / "1.JPG")
    pack(source, ["1.JPG", "2.JPG"], tmp_path / "archive")
    assert read(source) == {"notes.txt": b"mine"}
    assert read(tmp_path / "elsewhere") == {"1.JPG": b"original"}
    unpack([tmp_path / "archive"], tmp_path / "out")
    assert read(tmp_path / "out") == {"1.JPG": b"original", "2.JPG": b"two"}


def test_an_archive_of_nothing_is_whole(tmp_path: Path) -> None:
    """An empty shard has an archive of its own, of one tar file that holds nothing."""
    archive = archived(tmp_path, {})
    assert [(tar.name, tar.files) for tar in read_manifest(archive)] == [("part-00000.tar", 0)]
    assert unpack([archive], tmp_path / "out") == 0
    assert (tmp_path / "out").is_dir()


def test_shards_come_together(tmp_path: Path) -> None:
    """Archives of several shards are unpacked into one folder; what all have is there once."""
    one = archived(tmp_path / "one", {"a.JPG": b"a", "preparation.json": b"{}"})
    two = archived(tmp_path / "two", {"b.JPG": b"b", "preparation.json": b"{}"})
    assert unpack([one, two], tmp_path / "out") == 4
    assert read(tmp_path / "out") == {"a.JPG": b"a", "b.JPG": b"b", "preparation.json": b"{}"}


def test_different_files_of_one_name_are_told(tmp_path: Path) -> None:
    """Two shards that were preprocessed differently don't become one."""
    one = archived(tmp_path / "one", {"preparation.json": b"1"})
    two = archived(tmp_path / "two", {"preparation.json": b"2"})
    with pytest.raises(InputDataError, match=r"different files named preparation\.json"):
        unpack([one, two], tmp_path / "out")


def test_an_archive_without_manifest_is_not_whole(tmp_path: Path) -> None:
    """The manifest is written last, so one without is told."""
    archive = archived(tmp_path)
    (archive / MANIFEST).unlink()
    with pytest.raises(InputDataError, match=r"has no manifest\.json.*incomplete"):
        unpack([archive], tmp_path / "out")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"tars": 3}', '{"tars": ["a"]}', '{"tars": [{"nam": 1}]}', "\udcff"]
)
def test_a_manifest_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    """A manifest that can't be read is one sentence."""
    archive = archived(tmp_path)
    (archive / MANIFEST).write_text(text, errors="surrogateescape")
    with pytest.raises(InputDataError, match=r"manifest\.json can't be read") as told:
        unpack([archive], tmp_path / "out")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("kept", [0, 1, 511, 512, 700, 5000, -1])
def test_a_truncated_tar_file_is_told(tmp_path: Path, kept: int) -> None:
    """A tar file that lost its end is told, wherever it was cut."""
    archive = archived(tmp_path)
    tar = archive / "part-00000.tar"
    tar.write_bytes(tar.read_bytes()[:kept])
    with pytest.raises(InputDataError, match=r"part-00000\.tar is incomplete or damaged"):
        unpack([archive], tmp_path / "out")


def test_a_tar_file_that_goes_on_is_told(tmp_path: Path) -> None:
    """What stands behind the end of a tar file counts, too."""
    archive = archived(tmp_path)
    with (archive / "part-00000.tar").open("ab") as file:
        file.write(bytes(20_000))
    with pytest.raises(InputDataError, match=r"part-00000\.tar is incomplete or damaged"):
        unpack([archive], tmp_path / "out")


def test_a_missing_tar_file_is_told(tmp_path: Path) -> None:
    """A tar file that the manifest names and that isn't there is told by its name."""
    archive = archived(tmp_path, tar_bytes=1)
    (archive / "part-00001.tar").unlink()
    with pytest.raises(InputDataError, match=r"part-00001\.tar is incomplete or damaged"):
        unpack([archive], tmp_path / "out")


def test_a_file_more_or_less_than_the_manifest_says_is_told(tmp_path: Path) -> None:
    """The number of files counts as well as their bytes."""
    archive = archived(tmp_path)
    manifest = json.loads((archive / MANIFEST).read_text())
    manifest["tars"][0]["files"] += 1
    (archive / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InputDataError, match="is incomplete or damaged"):
        unpack([archive], tmp_path / "out")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a name that needs a header of its own."""
    return archived(tmp_path_factory.mktemp("whole"), {"süß 狐.JPG": b"x" * 600, "2.JPG": b"y"})


@settings(max_examples=300)
@given(place=st.integers(0, 10239), byte=st.integers(1, 255))
def test_every_changed_byte_is_told(whole: Path, place: int, byte: int) -> None:
    """Whichever byte of a tar file comes changed, it is one sentence, and nothing is outside."""
    with new_folder() as folder:
        archive = shutil.copytree(whole, folder / "archive")
        content = bytearray((archive / "part-00000.tar").read_bytes())
        content[place] ^= byte
        (archive / "part-00000.tar").write_bytes(content)
        with pytest.raises(InputDataError) as told:
            unpack([archive], folder / "out")
        assert "\n" not in str(told.value)
        assert sorted(path.name for path in folder.iterdir()) == ["archive", "out"]


def member(name: str, kind: bytes = tarfile.REGTYPE, linkname: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, linkname, 4 if kind == tarfile.REGTYPE else 0
    return found


def foreign(folder: Path, *members: tarfile.TarInfo) -> Path:
    """Write an archive that is whole, with members that this project never packs."""
    folder.mkdir()
    with tarfile.open(folder / "part-00000.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        for each in members:
            tar.addfile(each, io.BytesIO(b"evil"))
    digest = digest_file(folder / "part-00000.tar")
    tars = [{"name": "part-00000.tar", "files": len(members), "sha256": digest}]
    (folder / MANIFEST).write_text(json.dumps({"tars": tars}))
    return folder


def test_what_others_packed_well_is_unpacked(tmp_path: Path) -> None:
    """The archives of the next test are refused for their members alone."""
    assert unpack([foreign(tmp_path / "in", member("a/good"))], tmp_path / "out") == 1
    assert read(tmp_path / "out") == {"a/good": b"evil"}


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil")],
        [member("a/../../evil")],
        [member("{root}/evil")],
        [member("/{root}/evil")],
        [member("..")],
        [member(".")],
        [member("")],
        [member("süß\0evil")],
        [member("evil", tarfile.SYMTYPE, "..")],
        [member("evil", tarfile.SYMTYPE, "../outside"), member("evil/x")],
        [member("evil", tarfile.LNKTYPE, "../outside/secret")],
        [member("evil", tarfile.DIRTYPE)],
        [member("evil", tarfile.FIFOTYPE)],
        [member("evil", tarfile.CHRTYPE)],
    ],
    ids=lambda members: "-".join(f"{each.name}({each.type.decode()})" for each in members),
)
def test_evil_members_are_refused(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    """What leads out of the folder, or is no plain file, is refused and nothing is written."""
    write(tmp_path / "outside", {"secret": b"secret"})
    for each in members:
        each.name = each.name.replace("{root}", str(tmp_path))
    archive = foreign(tmp_path / "in", *members)
    with pytest.raises(InputDataError, match="which is no file below its folder"):
        unpack([archive], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert read(tmp_path / "outside") == {"secret": b"secret"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out", "outside"]


def packed_in_parts(folder: Path) -> list[Path]:
    """Pack two parts into one archive, and a third into another."""
    write(folder / "source", FILES)
    pack(folder / "source", ["a/1.JPG", "a/2.JPG"], folder / "one", part="0/3", tar_bytes=1)
    write(folder / "source", FILES)
    pack(folder / "source", ["preparation.json"], folder / "one", part="1/3")
    pack(folder / "source", ["b/1.JPG"], folder / "two", part="2/3")
    return [folder / "one", folder / "two"]


def test_each_part_comes_out_alone_and_all_together(tmp_path: Path) -> None:
    """Of archives of several shards, one shard is unpacked by its name, or all."""
    archives = packed_in_parts(tmp_path)
    assert parts(archives) == ["0/3", "1/3", "2/3"]
    assert unpack(archives, tmp_path / "first", "0/3") == 2
    assert set(read(tmp_path / "first")) == {"a/1.JPG", "a/2.JPG"}
    assert unpack(archives, tmp_path / "none", "7/8") == 0
    assert unpack(archives, tmp_path / "all") == 4
    assert read(tmp_path / "all") == FILES


def test_joined_archives_are_what_was_packed_into_one(tmp_path: Path) -> None:
    """Archives of one shard each become one of all, with the same bytes wherever they were."""
    for name in ("new", "other"):
        join(packed_in_parts(tmp_path / name), tmp_path / name / "joined")
    joined = tmp_path / "new" / "joined"
    assert read(joined) == read(tmp_path / "other" / "joined")
    assert parts([joined]) == ["0/3", "1/3", "2/3"]
    assert [tar.name for tar in read_manifest(joined)] == [f"part-0000{n}.tar" for n in range(4)]
    assert unpack([joined], tmp_path / "out") == 4
    assert read(tmp_path / "out") == FILES
    assert not (tmp_path / "new" / "one").exists()


def test_an_archive_without_parts_is_read(tmp_path: Path) -> None:
    """What an earlier version packed has no parts, and is unpacked as a whole."""
    archive = archived(tmp_path)
    manifest = json.loads((archive / MANIFEST).read_text())
    for tar in manifest["tars"]:
        del tar["part"]
    (archive / MANIFEST).write_text(json.dumps(manifest))
    assert parts([archive]) == [""]
    assert unpack([archive], tmp_path / "out") == len(FILES)
