"""The plan of the hard sample: which camera takes which sequences, and who is in which frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from autofocus.demo.synthetic.chance import happens
from autofocus.demo.synthetic.plan import DAY, EMPTY, INFRARED, Figure, site_code
from benchmarks.hard_sample.species import SPECIES, standing_area

# The numbers of frames of a sequence; long ones are rare, and give half of the frames.
_LENGTHS, _LENGTH_SHARES = (3, 4, 5, 6, 9, 14), (0.28, 0.2, 0.18, 0.14, 0.12, 0.08)
# The share of a sequence's frames in which its animal is to be seen.
_LEAST_PRESENCE = 0.4
# The bounds of an animal's box, as a share of the frame's area.
AREAS = (0.02, 0.10)
_NIGHT_SHARE, _WINDY_SHARE = 0.5, 0.5
_START = datetime(2019, 5, 6)
# Beginning with this number, sites are other ones than those of the demo's sample.
_FIRST_SITE = 400


@dataclass(frozen=True)
class HardSettings:
    """The size of the hard sample.

    Attributes:
        seed: of the random numbers.
        locations: number of cameras.
        per_species: number of sequences of each species.
        empty: number of sequences in which nothing but leaves moves.
    """

    seed: int = 0
    locations: int = 60
    per_species: int = 24
    empty: int = 32


@dataclass(frozen=True)
class HardShot:
    """A frame.

    Attributes:
        site: the number of its location.
        sequence: its number.
        frame: its number in the sequence.
        taken: date and time.
        light: day or infrared.
        label: that people give the whole sequence.
        figure: the animal; None where the frame shows nothing.
        area: of the animal's box, as a share of the frame's.
        wind: how far leaves move, in pixels.
    """

    site: int
    sequence: int
    frame: int
    taken: datetime
    light: str
    label: str
    figure: Figure | None
    area: float
    wind: float

    @property
    def location(self) -> str:
        """The name of its location."""
        return site_code(self.site)

    @property
    def path(self) -> str:
        """The path of its file below the folder of images."""
        name = f"{self.location}_{self.sequence:04d}_{self.frame:02d}.JPG"
        return f"{self.label}/{self.location}/{name}"


def make_hard_plan(settings: HardSettings) -> list[HardShot]:
    """Return all frames of a sample, sorted by sequence; it depends on the settings alone."""
    rng = np.random.default_rng([settings.seed, 14])
    labels = [*np.repeat(SPECIES, settings.per_species).tolist(), *[EMPTY] * settings.empty]
    shots: list[HardShot] = []
    clocks = [
        _START + timedelta(hours=int(hour)) for hour in rng.integers(240, size=settings.locations)
    ]
    for number, (label, site) in enumerate(_places(rng, labels, settings.locations)):
        clocks[site] += timedelta(hours=float(rng.uniform(2, 30)))
        shots += _sequence(rng, number, label, _FIRST_SITE + site, clocks[site])
    return shots


def _places(
    rng: np.random.Generator, labels: Sequence[str], locations: int
) -> Iterator[tuple[str, int]]:
    """Yield each sequence's label and the number of its location: species prefer some of them."""
    liking = {label: rng.gamma(1.5, size=locations) for label in dict.fromkeys(labels)}
    room = np.full(locations, -(-len(labels) // locations))
    for number in rng.permutation(len(labels)).tolist():
        weights = liking[labels[number]] * (room > 0)
        site = int(rng.choice(locations, p=weights / weights.sum()))
        room[site] -= 1
        yield labels[number], site


def _sequence(
    rng: np.random.Generator, number: int, label: str, site: int, taken: datetime
) -> Iterator[HardShot]:
    length = int(rng.choice(_LENGTHS, p=_LENGTH_SHARES))
    light = INFRARED if happens(rng, _NIGHT_SHARE) else DAY
    wind = float(rng.uniform(2, 7)) if happens(rng, _WINDY_SHARE) else float(rng.uniform(0, 0.8))
    low, high = np.log(AREAS)
    area = float(np.exp(rng.uniform(low, high)))
    figures: list[Figure | None] = [None] * length
    if label != EMPTY:
        figures = _visit(rng, label, length, area)
    for frame, figure in enumerate(figures):
        yield HardShot(
            site, number, frame, taken, light, label, figure, area if figure else 0.0, wind
        )
        taken += timedelta(seconds=int(rng.integers(1, 5)))


def _visit(
    rng: np.random.Generator, species: str, length: int, area: float
) -> list[Figure | None]:
    """Return an animal's pose in each frame: it comes, walks or stays, and leaves."""
    present = max(1, round(length * rng.uniform(_LEAST_PRESENCE, 1.0)))
    first = int(rng.integers(length - present + 1))
    x, step = rng.uniform(0.15, 0.85), rng.uniform(0.0, 0.10)
    step *= np.sign(0.5 - x) or 1.0
    figure = Figure(
        species=species,
        x=float(x),
        depth=float(rng.uniform(0.15, 0.9)),
        size=float(np.sqrt(area / standing_area(species))),
        flipped=bool(step < 0),
        facing=happens(rng, 0.4),
        phase=float(rng.random()),
        stoop=float(rng.random()),
        coat=int(rng.integers(1 << 30)),
        cover=float(rng.uniform(0.0, 0.35) if happens(rng, 0.6) else 0.0),
    )
    visit: list[Figure | None] = [None] * length
    for frame in range(first, first + present):
        visit[frame] = figure
        turns = happens(rng, 0.12)
        step = -step if turns else step
        figure = replace(
            figure,
            x=float(np.clip(figure.x + step, 0.08, 0.92)),
            depth=float(np.clip(figure.depth + rng.uniform(-0.04, 0.04), 0.1, 0.95)),
            flipped=figure.flipped != turns,
            facing=figure.facing != happens(rng, 0.3),
            phase=float((figure.phase + rng.uniform(0.1, 0.5)) % 1),
            stoop=float(np.clip(figure.stoop + rng.uniform(-0.4, 0.4), 0, 1)),
        )
    return visit
