"""The plan of a synthetic data set: which camera takes which images, and when.

It depends on the settings alone, and not on clocks, disks or the order of threads.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

import numpy as np

from autofocus.demo.synthetic.chance import happens
from autofocus.demo.synthetic.kinds import Kind
from autofocus.demo.synthetic.special import Placing, placings

EMPTY = "empty"
DAY, INFRARED = "day", "infrared"
FRAMES = 3  # images in a sequence
# The number of sequences per special file of each kind.
SEQUENCES_A_SET = 84

# The labels of sequences and the share of each. A second label is a second animal.
SHARES: dict[tuple[str, ...], float] = {
    ("raccoon",): 0.25,
    (EMPTY,): 0.22,
    ("human",): 0.13,
    ("coyote",): 0.10,
    ("deer",): 0.09,
    ("squirrel",): 0.08,
    ("rabbit",): 0.08,
    ("raccoon", "opossum"): 0.025,
    ("human", "dog"): 0.025,
}
# The share of each that is taken by infrared light; raccoons and opossums are nocturnal.
INFRARED_SHARES = {
    "raccoon": 0.65,
    "coyote": 0.5,
    "deer": 0.45,
    "rabbit": 0.55,
    "squirrel": 0.0,
    "human": 0.2,
    EMPTY: 0.45,
}
# One in this many sequences is in no table, beginning with this one.
_UNLISTED_EVERY, _UNLISTED_FIRST = 28, 4
_TRANSECTS = "DRJS"
_PLACES = ("AMP", "BRK", "CLV", "DUN", "ELM", "FRN", "GLN", "HOL", "IRO", "JUN", "KNL", "LDN")


class Stream(IntEnum):
    """Purposes with separate random numbers; a part of each generator's seed."""

    PLAN = 1
    SITE = 2
    DEPLOYMENT = 3
    SEQUENCE = 4
    IMAGE = 5
    FILE = 6


@dataclass(frozen=True)
class Season:
    """A time of the year in which cameras are out.

    Attributes:
        year: as the folder and the table are called.
        code: as it stands in file names.
        start: the first day.
    """

    year: int
    code: str
    start: datetime


SEASONS = (
    Season(2016, "JU16", datetime(2016, 7, 5)),
    Season(2017, "AP17", datetime(2017, 4, 3)),
)


@dataclass(frozen=True)
class Figure:
    """An animal or a person in an image.

    Attributes:
        species: its label.
        x: where its middle is, as a share of the picture's width; may lie outside.
        depth: where its feet are, from 0 (the horizon) to 1 (the lower edge).
        size: its size as a share of what is usual.
        flipped: whether it looks to the left.
        facing: whether it turns its head to the camera.
        phase: of its gait, 0 to 1.
        stoop: how far its head is lowered, 0 to 1.
        coat: tells individuals apart.
        cover: how much of it vegetation hides, as a share of its height.
    """

    species: str
    x: float
    depth: float
    size: float
    flipped: bool
    facing: bool
    phase: float
    stoop: float
    coat: int
    cover: float


@dataclass(frozen=True)
class Shot:
    """One file of the data set.

    Attributes:
        folder: below `lpz_data`, such as ``images_2016/D03-AMP1``.
        name: of the file.
        site: its number.
        season: when the camera was out.
        taken: date and time.
        light: day or infrared.
        sequence: its number; frames of one sequence are seconds apart.
        frame: its number in the sequence.
        figures: who is to be seen.
        labels: what a person would write down.
        listed: whether the table of detections has it.
        kind: how the file is made.
        number: counts all shots; a part of its random generator's seed.
    """

    folder: str
    name: str
    site: int
    season: Season
    taken: datetime
    light: str
    sequence: int
    frame: int
    figures: tuple[Figure, ...]
    labels: tuple[str, ...]
    listed: bool = True
    kind: Kind = Kind.PLAIN
    number: int = 0

    @property
    def path(self) -> str:
        """The path of the file relative to `lpz_data`."""
        return f"{self.folder}/{self.name}"


@dataclass(frozen=True)
class _Sequence:
    """A sequence before its frames are planned."""

    labels: tuple[str, ...]
    site: int
    season: Season
    taken: datetime
    light: str
    listed: bool


def site_code(site: int) -> str:
    """Return a site's name, such as ``D03-AMP1``; no two sites share one."""
    round_, place = divmod(site, len(_PLACES))
    transect = _TRANSECTS[site % len(_TRANSECTS)]
    return f"{transect}{3 + site % 37:02d}-{_PLACES[place]}{round_ + 1}"


def make_plan(
    seed: int, sequences: int, sites: int, first_site: int, new_sites: int = 0
) -> list[Shot]:
    """Return all shots of a data set, sorted by their paths.

    Args:
        seed: another one gives other images.
        sequences: how many bursts of three.
        sites: how many cameras.
        first_site: the number of the first.
        new_sites: how many further cameras, with as many bursts each, that no table lists yet.
    """
    rng = np.random.default_rng([seed, Stream.PLAN, first_site])
    end = first_site + sites
    bursts = _bursts(rng, sequences, range(first_site, end))
    if new_sites:
        later = np.random.default_rng([seed, Stream.PLAN, end])
        number = max(len(SHARES), round(sequences * new_sites / sites))
        unlisted = _bursts(later, number, range(end, end + new_sites))
        bursts += [dataclasses.replace(burst, listed=False) for burst in unlisted]
    bursts = sorted(
        bursts,
        key=lambda burst: (burst.season.year, burst.site, burst.taken),
    )
    shots = [shot for number, burst in enumerate(bursts) for shot in _frames(rng, number, burst)]
    named = _named(rng, shots, first_site)
    copies = max(1, sequences // SEQUENCES_A_SET)
    special = _with_special(rng, named, placings(copies))
    ordered = sorted(special, key=lambda shot: shot.path)
    return [dataclasses.replace(shot, number=number) for number, shot in enumerate(ordered)]


def quotas(sequences: int) -> dict[tuple[str, ...], int]:
    """Assign labels to the sequences: one to each, and the others by the shares."""
    total = sum(SHARES.values())
    counts = dict.fromkeys(SHARES, 1)
    for _ in range(sequences - len(counts)):
        due = max(SHARES, key=lambda labels: sequences * SHARES[labels] / total - counts[labels])
        counts[due] += 1
    return counts


def _bursts(rng: np.random.Generator, sequences: int, sites: Sequence[int]) -> list[_Sequence]:
    subjects = [
        (labels, _light(labels[0], number))
        for labels, count in quotas(sequences).items()
        for number in range(count)
    ]
    # Each animal prefers some sites, as in life: a classifier may learn the sites instead.
    liking = {name: rng.gamma(2.0, size=len(sites)) for name in SHARES}
    room = np.full(len(sites), -(-len(subjects) // len(sites)))
    bursts: list[_Sequence] = []
    for number in rng.permutation(len(subjects)):
        labels, light = subjects[number]
        weights = liking[labels] * (room > 0)
        place = int(rng.choice(len(sites), p=weights / weights.sum()))
        season = SEASONS[int(room[place]) % len(SEASONS)]
        room[place] -= 1
        bursts.append(_burst(rng, labels, light, sites[place], season, len(bursts)))
    return bursts


def _light(label: str, number: int) -> str:
    """Return the light of a label's sequences by their number, according to the shares."""
    share = INFRARED_SHARES[label]
    return INFRARED if int((number + 1) * share + 0.5) > int(number * share + 0.5) else DAY


def _burst(
    rng: np.random.Generator,
    labels: tuple[str, ...],
    light: str,
    site: int,
    season: Season,
    number: int,
) -> _Sequence:
    hour = rng.uniform(7, 18.5) if light == DAY else rng.uniform(21.5, 28)
    taken = season.start + timedelta(
        days=int(rng.integers(26)), seconds=int(hour * 3600 + rng.integers(60))
    )
    # Nobody has labelled some yet.
    return _Sequence(
        labels, site, season, taken, light, listed=number % _UNLISTED_EVERY != _UNLISTED_FIRST
    )


def _frames(rng: np.random.Generator, number: int, burst: _Sequence) -> list[Shot]:
    walks = [_walk(rng, label) for label in burst.labels if label != EMPTY]
    leaves = len(walks) == 1 and happens(rng, 0.06)
    folder = f"images_{burst.season.year}/{site_code(burst.site)}"
    shots, taken = [], burst.taken
    for frame in range(FRAMES):
        gone = leaves and frame == FRAMES - 1
        figures = () if gone else tuple(walk[frame] for walk in walks)
        labels = burst.labels if figures else (EMPTY,)
        shots.append(
            Shot(folder, "", burst.site, burst.season, taken, burst.light, number, frame,
                 figures, labels, burst.listed)
        )  # fmt: skip
        taken += timedelta(seconds=int(rng.integers(1, 5)))
    return shots


def _walk(rng: np.random.Generator, species: str) -> list[Figure]:
    """Return an animal as it walks through the frames of a sequence."""
    x, depth = rng.uniform(0.12, 0.88), rng.uniform(0.22, 0.86)
    step = rng.uniform(0.03, 0.13) * np.sign(0.5 - x) * rng.choice([1, 1, 1, -0.5])
    first = Figure(
        species=species,
        x=float(x),
        depth=float(depth),
        size=float(rng.uniform(0.8, 1.2)),
        flipped=bool(step < 0),
        facing=happens(rng, 0.4),
        phase=float(rng.random()),
        stoop=float(rng.random()),
        coat=int(rng.integers(1 << 30)),
        cover=float(rng.uniform(0.0, 0.35) if happens(rng, 0.7) else 0.0),
    )
    return [_later(rng, first, float(step), frame) for frame in range(FRAMES)]


def _later(rng: np.random.Generator, first: Figure, step: float, frame: int) -> Figure:
    return dataclasses.replace(
        first,
        x=first.x + step * frame,
        depth=float(np.clip(first.depth + frame * rng.uniform(-0.05, 0.05), 0.15, 0.95)),
        facing=first.facing != happens(rng, 0.25),
        phase=float((first.phase + 0.31 * frame) % 1),
        stoop=float(np.clip(first.stoop + rng.uniform(-0.3, 0.3), 0, 1)),
    )


def _named(rng: np.random.Generator, shots: Sequence[Shot], first_site: int) -> list[Shot]:
    """Number the files of each deployment; two cameras count as they did in the factory."""
    next_numbers: dict[str, int] = {}
    named = []
    for shot in shots:
        if shot.folder not in next_numbers:
            next_numbers[shot.folder] = int(rng.integers(1, 60))
        elif shot.frame == 0:
            # Frames that were deleted.
            next_numbers[shot.folder] += 3 * int(rng.integers(4))
        number = next_numbers[shot.folder]
        next_numbers[shot.folder] += 1
        name = f"CHIL - {site_code(shot.site)}-{shot.season.code}_{number:05d}.JPG"
        named.append(dataclasses.replace(shot, name=name))
    return _with_same_names(named, first_site)


def _with_same_names(shots: Sequence[Shot], first_site: int) -> list[Shot]:
    """Give the files of two sites in the first season the same names, as nobody renamed them."""
    unnamed = {f"images_{SEASONS[0].year}/{site_code(first_site + k)}" for k in (1, 2)}
    counts: dict[str, int] = {}
    renamed = []
    for shot in shots:
        name = shot.name
        if shot.folder in unnamed:
            counts[shot.folder] = counts.get(shot.folder, 0) + 1
            name = f"IMG_{counts[shot.folder]:04d}.JPG"
        renamed.append(dataclasses.replace(shot, name=name))
    return renamed


def _with_special(
    rng: np.random.Generator, shots: Sequence[Shot], wanted: Sequence[Placing]
) -> list[Shot]:
    """Make some of the images awkward or broken."""
    changed = list(shots)
    for placing in wanted:
        free = [
            place
            for place, shot in enumerate(changed)
            if shot.kind is Kind.PLAIN
            and shot.listed
            and len(shot.labels) == 1
            and placing.light in ("", shot.light)
        ]
        if not free:
            continue
        place = free[int(rng.integers(len(free)))]
        shot = dataclasses.replace(changed[place], kind=placing.kind)
        if placing.beside:
            # It is beside the image that it belongs to.
            changed.append(dataclasses.replace(shot, name=f"._{shot.name}", listed=False))
        else:
            changed[place] = dataclasses.replace(shot, name=placing.rename(shot.name))
    return changed
