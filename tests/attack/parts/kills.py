"""Kills with SIGKILL at random moments: the same command ends with the same bytes."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import upload_folder
from tests.attack import processes
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.world import (
    CLEAN,
    COPY,
    EXPORT,
    HIDDEN,
    LABEL,
    LINK,
    PREPROCESS,
    STAGES,
    Stage,
    Words,
    difference,
    make_inputs,
    snapshot,
)
from tests.predicting.models import make_image, make_model

PART = "Kills"
BUCKET = "kills"
# So often at most a run is killed before it is left to end.
MOST = 4


def _download(scale: Scale, folder: Path) -> Iterator[Trial]:
    processes.start_server()
    make_inputs(folder / "source", 20)
    (folder / "world").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(LocalS3Server(folder / "s3"))
        stack.enter_context(server.as_default())
        upload_folder(folder / "source", BUCKET)
        yield from _kill(
            folder,
            lambda place: [
                "download_images", "--local-folder", place / "down", "--bucket", BUCKET,
                "--jobs", "2",
            ],
            scale.count(5, 30),
            scale,
        )  # fmt: skip


def _stage(stage: Stage, short: int, full: int) -> Callable[[Scale, Path], Iterator[Trial]]:
    def trials(scale: Scale, folder: Path) -> Iterator[Trial]:
        processes.start_server()
        _prepare(folder, stage)
        yield from _kill(folder, stage.words, scale.count(short, full), scale)

    return trials


def _update(scale: Scale, folder: Path) -> Iterator[Trial]:
    processes.start_server()
    _prepare(folder, CLEAN)
    data = folder / "world" / "data"
    (data / "cam1" / "IMG_0001.JPG").unlink()
    (data / "cam2" / "V01.MP4").unlink()
    make_image(data / "cam1" / "IMG_0100.JPG", (9, 9, 200), size=(96, 80))
    make_image(data / "cam2" / "IMG_0003.JPG", (200, 9, 9), size=(97, 81))
    yield from _kill(folder, PREPROCESS.words, scale.count(5, 35), scale)


def _monthly(scale: Scale, folder: Path) -> Iterator[Trial]:
    processes.start_server(processes.HEAVY)
    make_inputs(folder / "world")
    (folder / "world" / "data" / "cam2" / "V01.MP4").unlink()
    model = make_model(folder / "made")
    for name in ("model", "ref/model"):
        shutil.copytree(model, folder / name / "model")
    # TensorFlow takes longer to start than all else.
    yield from _kill(folder, LABEL.words, scale.count(1, 25), scale)


def _prepare(folder: Path, stage: Stage) -> None:
    """Make the data set, and run all stages that this one needs."""
    world = folder / "world"
    make_inputs(world)
    for before in STAGES:
        if before.name in stage.needs:
            ended = processes.run(before.words(world), folder / "log")
            assert ended.status == 0, ended.stderr


def _kill(
    folder: Path, words: Callable[[Path], Words], number: int, scale: Scale
) -> Iterator[Trial]:
    """Kill a command so often in all, and compare each result with that of an unstopped run."""
    source = scale.random(folder.name)
    unstopped = _copy(folder, "ref")
    ended = processes.run(words(unstopped), folder / "log")
    assert ended.status == 0, ended.stderr
    expected = snapshot(unstopped)
    done = 0
    while done < number:
        place = _copy(folder, "stopped")
        left = source.randint(1, min(MOST, number - done))
        kills = 0
        for moment in processes.moments(source, ended.seconds, left):
            stopped = processes.run(words(place), folder / "log", kill_after_s=moment)
            if stopped.status >= 0:
                break
            kills += 1
            if snapshot(place) == expected and not _is_unfinished(place):
                # Only its process was left: started again, it would reuse all.
                stopped = ended
                break
        else:
            stopped = processes.run(words(place), folder / "log")
        fault = stopped.fault(0) or difference(snapshot(place), expected)
        for kill in range(kills):
            yield Trial(f"kill {done + kill + 1}", fault)
        done += kills


def _is_unfinished(place: Path) -> bool:
    """Tell whether a stage has recorded work, but not its end."""
    names = {path.name for path in place.glob(f"**/{HIDDEN}/*/*")}
    return bool(names & {"journal.jsonl", "journal.new.jsonl", "ending.json", "begun.json"})


def _copy(folder: Path, name: str) -> Path:
    """Return a fresh copy of the data set, times of files included."""
    place = folder / name / "world"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder / "world", place, symlinks=True)
    if (folder / "model").exists() and not (folder / name / "model").exists():
        shutil.copytree(folder / "model", folder / name / "model")
    return place


ATTACKS = (
    Attack("download_images is killed", _download),
    Attack("preprocess_images with videos and motion is killed", _stage(PREPROCESS, 8, 45)),
    Attack("preprocess_images of a changed folder is killed", _update),
    Attack("clean_detections is killed", _stage(CLEAN, 4, 25)),
    Attack("link_images_by_label is killed", _stage(LINK, 5, 30)),
    Attack("link_images_by_label --copy is killed", _stage(COPY, 4, 25)),
    Attack("export is killed", _stage(EXPORT, 5, 30)),
    Attack("label is killed: preprocess, predict, export", _monthly),
)
