"""Claims about what a killed task leaves to its next attempt: all of a part or nothing."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers import places, watching
from autofocus.containers.executor import ExecutorInput
from autofocus.containers.progress import Progress, open_progress
from autofocus.containers.task import Task
from autofocus.errors import SettingError
from tests.conftest import S3
from tests.store.outage import Proxy

FOLDER = "v2/artifacts/pipeline/run/retrain/task"
NOBODY_LISTENS = "http://127.0.0.1:1"


def task_of(
    work: Path, root: str, endpoint: str = "", trees: str = "1", **parameters: Any
) -> Task:
    """Return an attempt at a task.

    Args:
        work: a folder for the attempt.
        root: the folder of the task's outputs, or its address.
        endpoint: of the store, as the launcher tells it with an input; empty for none.
        trees: the digest of its input.
        parameters: of the task.
    """
    host = endpoint.removeprefix("http://")
    session = {"Provider": "s3", "Params": {"endpoint": host, "disableSSL": "true"}}
    metadata = {"sha256": trees} | ({"store_session_info": json.dumps(session)} if host else {})
    bucket = root.removeprefix("s3://").split("/")[0]
    value = {
        "inputs": {
            "parameterValues": parameters,
            "artifacts": {
                "links": {"artifacts": [{"uri": f"s3://{bucket}/links", "metadata": metadata}]}
            },
        },
        "outputs": {
            "artifacts": {"model": {"artifacts": [{"name": "model", "uri": f"{root}/model"}]}},
            "outputFile": f"{root.replace('s3://', '/s3/')}/output_metadata.json",
        },
    }
    work.mkdir(parents=True, exist_ok=True)
    return Task(ExecutorInput.parse(json.dumps(value)), work)


@pytest.fixture(params=["folder", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The folder of a task's outputs, on this machine and in a bucket."""
    if request.param == "folder":
        return str(tmp_path / "out")
    s3: S3 = request.getfixturevalue("s3")
    return f"s3://{s3.bucket}/{FOLDER}"


@pytest.fixture
def attempts(tmp_path: Path, root: str) -> Iterator[Progress]:
    """The progress of one attempt after the other at the same task."""

    def each() -> Iterator[Progress]:
        while True:
            yield open_progress(task_of(tmp_path / os.urandom(4).hex(), root))

    return each()


def write(folder: Path, **contents: bytes) -> Path:
    """Write files into a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_next_attempt_gets_all_files_with_their_times(
    attempts: Iterator[Progress], tmp_path: Path
) -> None:
    """Files of any name and size come back as they were, at the same nanosecond."""
    kept = write(tmp_path / "kept", empty=b"", large=os.urandom(40 << 20))
    (kept / "a" / "é\udcff").mkdir(parents=True)
    (kept / "a" / "é\udcff" / ("n" * 200)).write_bytes(b"deep")
    (kept / "link").symlink_to("large")
    next(attempts).save("3/24", kept)
    assert next(attempts).restore("3/24", tmp_path / "restored")
    (kept / "link").unlink()
    assert contents(tmp_path / "restored") == contents(kept)
    for path in kept.rglob("*"):
        if path.is_file():
            restored = tmp_path / "restored" / path.relative_to(kept)
            assert restored.stat().st_mtime_ns == path.stat().st_mtime_ns


def test_parts_are_kept_apart(attempts: Iterator[Progress], tmp_path: Path) -> None:
    """Nothing is restored of a part that was not saved, whatever else was."""
    next(attempts).save("3/24", write(tmp_path / "kept", a=b"1"))
    assert not next(attempts).restore("3-24", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_of_two_saves_the_later_is_restored_and_nothing_else_kept(
    attempts: Iterator[Progress], tmp_path: Path, s3: S3, root: str
) -> None:
    """A part takes the room of its last state, also over several attempts."""
    for number in range(3):
        next(attempts).save("fit", write(tmp_path / "kept", a=b"%d" % number))
    assert next(attempts).restore("fit", tmp_path / "restored")
    assert contents(tmp_path / "restored") == {"a": b"2"}
    assert len(_names(root, s3)) == 2


def test_all_is_cleared_once_the_outputs_are_in_place(tmp_path: Path, s3: S3, root: str) -> None:
    """After the outputs are published, nothing is left beside them."""
    task = task_of(tmp_path / "work", root)
    progress = open_progress(task)
    progress.save("fit", write(tmp_path / "kept", a=b"1"))
    assert _names(root, s3)
    for call in task._after:
        call()
    assert not _names(root, s3)
    assert not (tmp_path / "out" / ".autofocus").exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "manifest", "foreign"])
def test_what_is_damaged_counts_as_absent(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Damaged and foreign files are noted, not used, and replaced by the next save."""
    root = str(tmp_path / "out")
    first = open_progress(task_of(tmp_path / "1", root))
    first.save("fit", write(tmp_path / "kept", a=b"1"))
    folder = tmp_path / "out" / ".autofocus" / "progress"
    (manifest,), (tar,) = folder.glob("*.json"), folder.glob("*.tar")
    if damage == "cut":
        os.truncate(tar, 700)
    elif damage == "changed":
        tar.write_bytes(tar.read_bytes().replace(b"1", b"2"))
    elif damage == "gone":
        tar.unlink()
    elif damage == "manifest":
        manifest.write_text('{"tar": "../../x"')
    else:
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"tar": "../a.tar"}))
    second = open_progress(task_of(tmp_path / "2", root))
    assert not second.restore("fit", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    assert "note: what an earlier attempt kept of fit is not used" in capsys.readouterr().err
    second.save("fit", tmp_path / "kept")
    third = open_progress(task_of(tmp_path / "3", root))
    assert third.restore("fit", tmp_path / "restored")


def test_only_the_same_task_finds_what_was_kept_below_a_prefix(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below a prefix that several tasks share, inputs, parameters and code tell them apart."""
    where = {"progress": f"s3://{s3.bucket}/progress"}
    other = str(tmp_path / "another-run")

    def is_restored(number: int, **given: Any) -> bool:
        task = task_of(tmp_path / str(number), other, **where | given)
        return open_progress(task).restore("fit", tmp_path / "restored")

    first = task_of(tmp_path / "0", str(tmp_path / "out"), folds=4, **where)
    open_progress(first).save("fit", write(tmp_path / "kept", a=b"1"))
    assert not is_restored(1, folds=5)
    assert not is_restored(2, folds=4, trees="2")
    with monkeypatch.context() as other_image:
        other_image.setenv("AUTOFOCUS_IMAGE", "registry/autofocus-retrain@sha256:2")
        assert not is_restored(4, folds=4)
    with monkeypatch.context() as other_code:
        other_code.setattr("autofocus.containers.progress.code_digest", lambda: "2")
        assert not is_restored(5, folds=4)
    task = task_of(tmp_path / "3", str(tmp_path / "out"), folds=4, memory_limit="9Gi", **where)
    assert open_progress(task).restore("fit", tmp_path / "restored")


def test_an_end_in_the_middle_of_a_save_keeps_the_save_before(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the store goes away while a part is replaced, the earlier state is restored."""
    monkeypatch.setattr(places, "PATIENCE_S", 0.5)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    root = f"s3://{s3.bucket}/{FOLDER}"
    with Proxy(s3.endpoint_url) as proxy:
        progress = open_progress(task_of(tmp_path / "1", root, proxy.endpoint_url))
        progress.save("fit", write(tmp_path / "kept", a=b"1"))
        proxy.go_away_amid(20 << 20, seconds=60)
        progress.save("fit", write(tmp_path / "kept", a=os.urandom(64 << 20)))
    second = open_progress(task_of(tmp_path / "2", root, s3.endpoint_url))
    assert second.restore("fit", tmp_path / "restored")
    assert contents(tmp_path / "restored") == {"a": b"1"}


def test_a_short_outage_costs_nothing(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a store restarts, saving and restoring wait for it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    root = f"s3://{s3.bucket}/{FOLDER}"
    with Proxy(s3.endpoint_url) as proxy:
        over = proxy.go_away_amid(20 << 20, seconds=1.5)
        progress = open_progress(task_of(tmp_path / "1", root, proxy.endpoint_url))
        progress.save("fit", write(tmp_path / "kept", a=os.urandom(64 << 20)))
        assert over.wait(10)
        back = proxy.go_away_for(1.5)
        second = open_progress(task_of(tmp_path / "2", root, proxy.endpoint_url))
        assert second.restore("fit", tmp_path / "restored")
        back.join()
    assert contents(tmp_path / "restored") == contents(tmp_path / "kept")


def test_a_store_out_of_reach_costs_one_note_and_little_time(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The task goes on without, and does not ask again at each part."""
    monkeypatch.setattr(places, "PATIENCE_S", 0.5)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    root = f"s3://{s3.bucket}/{FOLDER}"
    progress = open_progress(task_of(tmp_path / "1", root, NOBODY_LISTENS))
    began = time.monotonic()
    assert not progress.restore("fit", tmp_path / "restored")
    for number in range(100):
        progress.save(str(number), write(tmp_path / "kept", a=b"1"))
    progress.clear()
    assert time.monotonic() - began < 5
    told = capsys.readouterr().err
    assert told.count("note: ") == 1
    assert f"note: this task's progress can't be kept now: {NOBODY_LISTENS} can't" in told
    assert s3.environment["AWS_SECRET_ACCESS_KEY"] not in told


def test_what_can_not_be_written_is_noted_once(
    tmp_path: Path, s3: S3, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a bucket or without rights, one sentence says so and the task goes on."""
    task = task_of(tmp_path / "1", "s3://no-such-bucket/task", s3.endpoint_url)
    progress = open_progress(task)
    for _ in range(3):
        progress.save("fit", write(tmp_path / "kept", a=b"1"))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("note: this task's progress is not kept any more: There is no bucket")


def test_files_that_shrink_meanwhile_are_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is cut while it is saved leaves what was kept before; the next save works."""
    task = task_of(tmp_path / "1", str(tmp_path / "out"))
    progress = open_progress(task)
    progress.save("fit", write(tmp_path / "kept", a=b"1"))
    large = write(tmp_path / "kept", a=bytes(3 << 20))
    put = places.FolderPlace.put

    def cut_and_put(self: places.FolderPlace, name: str, content: places.Content) -> None:
        chunks = content()

        def slowly() -> Iterator[bytes]:
            for chunk in chunks:
                os.truncate(large / "a", 1 << 20)
                yield chunk

        put(self, name, slowly)

    with monkeypatch.context() as patch:
        patch.setattr(places.FolderPlace, "put", cut_and_put)
        progress.save("fit", large)
    assert "note: a was not saved, as it became shorter meanwhile" in capsys.readouterr().err
    second = open_progress(task_of(tmp_path / "2", str(tmp_path / "out")))
    assert second.restore("fit", tmp_path / "restored")
    assert contents(tmp_path / "restored") == {"a": b"1"}
    progress.save("fit", large)
    assert second.restore("fit", tmp_path / "restored")
    assert contents(tmp_path / "restored") == contents(large)


def test_none_keeps_nothing(tmp_path: Path) -> None:
    """With `none`, nothing is written beside the outputs."""
    progress = open_progress(task_of(tmp_path / "1", str(tmp_path / "out"), progress="none"))
    progress.save("fit", write(tmp_path / "kept", a=b"1"))
    assert not progress.restore("fit", tmp_path / "restored")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "value",
    ["yes", "s3://", "s3://b", "gs://bucket/x", "s3://bucket/../x", "progress/x", "s3://bu/ä"],
)
def test_a_wrong_value_is_named(tmp_path: Path, value: str) -> None:
    """Anything but auto, none and an S3 address fails before the work begins."""
    task = task_of(tmp_path / "1", str(tmp_path / "out"), progress=value)
    with pytest.raises(SettingError, match="progress must be auto, none or s3://BUCKET/PREFIX"):
        open_progress(task)


def test_other_stores_than_s3_are_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a pipeline root of another kind, the task says that it keeps nothing."""
    task = task_of(tmp_path / "1", "gs://bucket/task")
    open_progress(task).save("fit", write(tmp_path / "kept", a=b"1"))
    assert "progress is kept in S3-compatible storage only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("session", "environment", "parameters", "expected"),
    [
        ("store:8333", "", {}, "http://store:8333"),
        ("store:8333", "http://env", {}, "http://store:8333"),
        ("", "http://env", {}, None),
        ("", "", {"endpoint_url": "http://given"}, "http://given"),
        ("s3.eu-central-1.amazonaws.com", "", {}, None),
    ],
)
def test_the_server_is_that_of_the_pipeline_root(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    session: str,
    environment: str,
    parameters: dict[str, str],
    expected: str | None,
) -> None:
    """The launcher's server prevails for its bucket, then the parameter, then boto3's."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", environment)
    task = task_of(tmp_path / "1", "s3://bucket/task", session, **parameters)
    place = places.find_place(task.request, "auto", "subject")
    assert place == places.BucketPlace("bucket", "task/.autofocus/progress/", expected)
    secure = replace(task.request, inputs={})
    assert places.find_place(secure, "s3://other/a/", "s" * 64) == places.BucketPlace(
        "other", f"a/{'s' * 32}/", parameters.get("endpoint_url")
    )


def test_the_query_of_a_pipeline_root_is_no_part_of_the_folder(tmp_path: Path) -> None:
    """Kubeflow appends region and server of `s3://bucket/root?...` to each output's address."""
    task = task_of(tmp_path / "1", "s3://bucket/task")
    query = "?region=eu&endpoint=http://store:8333/&disableSSL=true"
    outputs = {
        name: replace(one, uri=one.uri + query) for name, one in task.request.outputs.items()
    }
    place = places.find_place(replace(task.request, outputs=outputs), "auto", "subject")
    assert isinstance(place, places.BucketPlace)
    assert place.prefix == "task/.autofocus/progress/"


def _names(root: str, s3: S3) -> list[str]:
    """Return the names of what is kept beside the outputs."""
    if not root.startswith("s3://"):
        return [path.name for path in Path(root).glob(".autofocus/progress/*.*")]
    found = s3.client.list_objects_v2(Bucket=s3.bucket, Prefix=f"{FOLDER}/.autofocus/")
    return [item["Key"] for item in found.get("Contents", [])]


def test_files_are_kept_while_a_task_writes_them(
    tmp_path: Path, attempts: Iterator[Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watched folder is saved in the background, without files of other names."""
    monkeypatch.setattr(watching, "LOOK_S", 0.02)
    monkeypatch.setattr(watching, "EVERY_S", 0.0)
    monkeypatch.setattr(watching, "MAX_SHARE", 1.0)
    with next(attempts).watch("fit", tmp_path / "first", "*.npz"):
        write(tmp_path / "first", **{"a.npz": b"1", "lock": b""})
        second = tmp_path / "second"
        _wait_until(lambda: next(attempts).restore("fit", second))
        assert contents(second) == {"a.npz": b"1"}
        (tmp_path / "unfinished").write_bytes(b"2")
        (tmp_path / "unfinished").replace(tmp_path / "first" / "a.npz")
        _wait_until(lambda: next(attempts).restore("fit", second) and _is(second, b"2"))


def test_an_error_saves_what_was_written_last(
    tmp_path: Path, attempts: Iterator[Progress]
) -> None:
    """A task that fails leaves its last files, whether or not a save was due."""

    def fail() -> None:
        with next(attempts).watch("fit", tmp_path / "1", "*"):
            for number in range(3):
                write(tmp_path / "1", **{str(number): b"x"})
            raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        fail()
    with next(attempts).watch("fit", tmp_path / "2", "*"):
        assert sorted(contents(tmp_path / "2")) == ["0", "1", "2"]


def _is(folder: Path, content: bytes) -> bool:
    return (folder / "a.npz").read_bytes() == content


def _wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_whatever_a_library_raises_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that nobody expects ends neither the task nor the error that it ended with."""

    def fail(*_: Any) -> None:
        raise RuntimeError("no credentials any more")

    monkeypatch.setattr(places.FolderPlace, "put", fail)
    progress = open_progress(task_of(tmp_path / "1", str(tmp_path / "out")))
    assert not progress.save("fit", write(tmp_path / "kept", a=b"1"))
    assert "progress is not kept any more: no credentials any more" in capsys.readouterr().err


def test_a_full_disk_does_not_hide_why_a_task_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last save fails, the error is that of the task."""

    def fail(*_: Any) -> None:
        raise OSError("full")

    progress = open_progress(task_of(tmp_path / "1", str(tmp_path / "out")))
    monkeypatch.setattr(watching.Watcher, "save_now", fail)
    with (
        pytest.raises(SettingError, match="wrong"),
        progress.watch("fit", tmp_path / "memory", "*.npz"),
    ):
        raise SettingError("wrong")
