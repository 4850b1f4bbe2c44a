"""Damaged image files, and sound ones of all kinds."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import ImageFile

from autofocus.errors import RejectedImageError
from autofocus.images.reading import read_image
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.ledger import Reason
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.images import (
    DAMAGES,
    Sound,
    draw_jpeg,
    draw_other,
    draw_png,
    pixels,
    wrong_rows,
)
from tests.images.clips import write_video

PART = "Images"
# Damage is seen if more rows than this are wrong.
_SEEN = 0.05
_TARGET = 0.99
# What a memory card or a transfer does: all but single bits and bytes.
_OVERWRITTEN = ("cut", "cut and closed", "zeros", "erased", "garbage", "tail")
# For each image that is drawn, so much damage is tried.
_EACH = 8
_REASONS = (
    Reason.TRUNCATED,
    Reason.CORRUPT,
    Reason.NOT_AN_IMAGE,
    Reason.UNREADABLE,
    Reason.TOO_LARGE,
    Reason.EMPTY_FILE,
)
Draw = Callable[[random.Random], Sound]


def _read(path: Path, content: bytes) -> tuple[np.ndarray | None, RejectedImageError | None]:
    """Return what a stage sees of a file, or why it is rejected."""
    path.write_bytes(content)
    try:
        return np.asarray(read_image(path).image.convert("RGB"), dtype=np.int16), None
    except RejectedImageError as error:
        return None, error


def _sound(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("sound images")
    for draw, short, full in (
        (draw_jpeg, 150, 7000),
        (draw_png, 40, 1500),
        (draw_other, 40, 1500),
    ):
        for number in range(scale.count(short, full)):
            sound = draw(source)
            _, error = _read(folder / f"sound.{sound.ending}", sound.content)
            yield Trial(f"{number}: {sound.name}", f"rejected as {error}" if error else "")


class _Tally:
    """Counts the damage that can be seen, and how much of it was rejected."""

    def __init__(self) -> None:
        self.rejected, self.missed = 0, 0

    @property
    def rate(self) -> float:
        return self.rejected / max(1, self.rejected + self.missed)


def _damaged(
    draw: Draw, kinds: tuple[str, ...], target: float, short: int, full: int
) -> Callable[[Scale, Path], Iterator[Trial]]:
    """Return trials of damage: each is to be a row, and a share of what can be seen rejected."""

    def trials(scale: Scale, folder: Path) -> Iterator[Trial]:
        source, tally = scale.random(f"damage {kinds}"), _Tally()
        for number in range(scale.count(short, full) // _EACH):
            sound = draw(source)
            true = pixels(sound.content)
            for _ in range(_EACH):
                kind = source.choice(kinds)
                content = DAMAGES[kind](source, sound.content)
                path = folder / f"damaged.{sound.ending}"
                yield Trial(
                    f"{number}: {sound.name}, {kind}", _outcome(path, content, true, tally)
                )
        found = f"{tally.rate:.2%} of {tally.rejected + tally.missed:,} are rejected"
        yield Trial("the share that is rejected", found if tally.rate < target else "")

    return trials


def _outcome(path: Path, content: bytes, true: np.ndarray | None, tally: _Tally) -> str:
    """Read a damaged file, count it, and return what is wrong with how that went."""
    try:
        seen, error = _read(path, content)
    except Exception as raised:
        return f"raises {raised!r}"
    shown = pixels(content)
    if true is not None and wrong_rows(shown, true) > _SEEN:
        tally.rejected += error is not None
        tally.missed += error is None
    if error is not None and error.reason not in _REASONS:
        return f"rejected as {error}"
    return "" if error or seen is not None else "neither read nor rejected"


def _truncated_setting(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Let another package tell Pillow to show what is left of images."""
    source = scale.random("truncated")
    theirs = ImageFile.LOAD_TRUNCATED_IMAGES
    for number in range(scale.count(20, 200)):
        sound = source.choice((draw_jpeg, draw_png, draw_other))(source)
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            _, error = _read(folder / "x", sound.content[: len(sound.content) // 2])
            kept = ImageFile.LOAD_TRUNCATED_IMAGES
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = theirs
        # Half of a file may hold all its pixels, if the rest was appended.
        problem = "" if error or _is_whole_in_half(sound) else "accepted"
        yield Trial(f"{number}: {sound.name}", problem if kept else "the setting is changed")


def _is_whole_in_half(sound: Sound) -> bool:
    """Tell whether the first half of a file holds all pixels."""
    true, half = pixels(sound.content), pixels(sound.content[: len(sound.content) // 2])
    return true is not None and wrong_rows(half, true) <= _SEEN


def _not_files(_: Scale, folder: Path) -> Iterator[Trial]:
    """Put other things in an image's place."""
    os.mkfifo(folder / "pipe.jpg")
    (folder / "folder.jpg").mkdir()
    (folder / "link.jpg").symlink_to("nowhere")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "device.jpg").symlink_to("/dev/zero")
    (folder / "empty.jpg").touch()
    for path in sorted(folder.iterdir()):
        try:
            read_image(path)
            yield Trial(path.name, "accepted")
        except RejectedImageError:
            yield Trial(path.name)


def _draw_large_jpeg(source: random.Random) -> Sound:
    return draw_jpeg(source, sides=(200, 700))


def _videos(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Damage a video whose frames are taken as images."""
    source = scale.random("videos")
    content = write_video(folder / "whole.mp4").read_bytes()
    for number in range(scale.count(10, 100)):
        kind = source.choice(list(DAMAGES))
        indir = folder / f"{number}"
        indir.mkdir()
        (indir / "v.mp4").write_bytes(DAMAGES[kind](source, content))
        settings = PreprocessSettings(trim_bottom=0, min_side=16, frame_rate=1, max_rejected=1)
        try:
            counts = preprocess_images(indir, folder / f"{number}_out", settings).counts
            yield Trial(f"{number}: {kind}", "" if counts.inputs else "no row")
        except Exception as error:
            yield Trial(f"{number}: {kind}", f"raises {error!r}")


ATTACKS = (
    Attack("a sound image is rejected", _sound),
    Attack(
        "an overwritten or cut JPEG is no row, or less than 99 % of those with more than 5 % "
        "of their rows wrong are rejected",
        _damaged(_draw_large_jpeg, _OVERWRITTEN, _TARGET, 160, 3200),
    ),
    Attack(
        "a damaged PNG, of whatever kind, is no row, or less than 99 % of those with more than "
        "5 % of their rows wrong are rejected",
        _damaged(draw_png, tuple(DAMAGES), _TARGET, 160, 1200),
    ),
    Attack(
        "a JPEG with single bits, bytes or sectors exchanged or lost is no row, or less than 80 % "
        "of those with more than 5 % of their rows wrong are rejected",
        _damaged(_draw_large_jpeg, ("bit", "lost", "repeated"), 0.8, 80, 800),
    ),
    Attack(
        "a cut TIFF, WebP, GIF or BMP is no row, or less than 99 % of those with more than 5 % of "
        "their rows wrong are rejected",
        _damaged(draw_other, ("cut", "cut and closed"), _TARGET, 80, 400),
    ),
    # Most of these formats hold no sums, so that there is no share to reach.
    Attack(
        "a damaged TIFF, WebP, GIF or BMP is neither read nor a row",
        _damaged(draw_other, tuple(DAMAGES), 0.0, 80, 800),
    ),
    Attack("a cut image is accepted, as a package told Pillow to", _truncated_setting),
    Attack("a damaged video is no row", _videos),
    Attack("something else in an image's place is read", _not_files),
)
