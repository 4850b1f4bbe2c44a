"""Images to divide: any table that hypothesis can think of, and ones like life."""

import hashlib
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from autofocus.errors import SettingError
from autofocus.grouping.frames import Frame
from autofocus.images.facts import Facts
from autofocus.splits.images import Image
from autofocus.splits.split import Split, make_split

FACTS = Facts("", "", night=False, brightness=100.0)
NOON = datetime(2016, 7, 5, 12)
TENTHS: dict[str, Any] = {"testing_percentage": 10.0, "validation_percentage": 10.0}

# Few values, so that images share them; names as people and hypothesis write them.
_odd = st.sampled_from(["a", "b/ä", "a (copy)", "sequence x", "..", "@", "\\", 'it\'s, "so"\n'])
_text = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=3)
_cameras = st.one_of(_odd, _text)
_locations = st.one_of(st.just(""), st.sampled_from(["mill", "lake", "mill ", "sequence x"]))
_moments = st.none() | st.integers(0, 500).map(lambda seconds: NOON + timedelta(seconds=seconds))
_labels = st.lists(
    st.sampled_from(["deer", "dog", "a cat", "Ünbekannt", "x; y"]), min_size=1, unique=True
).map(tuple)
_digests = st.integers(0, 40).map(lambda number: hashlib.sha256(bytes([number])).hexdigest())


def make_image(frame: Frame, labels: tuple[str, ...], digest: str) -> Image:
    """Return an image; neither its files nor its facts have a say in how it is split."""
    return Image(frame, (frame.name,) * len(labels), labels, digest, FACTS)


def _row_image(
    number: int, camera: str, frame: tuple[datetime | None, str], rest: tuple[tuple[str, ...], str]
) -> Image:
    path = f"{camera}/{number}.JPG"
    return make_image(Frame(f"n{number}", path, *frame), *rest)


@st.composite
def tables(draw: st.DrawFn, min_size: int = 0, max_size: int = 30) -> list[Image]:
    """Draw images: any cameras, moments, locations, labels and copies."""
    rows = draw(
        st.lists(
            st.tuples(_cameras, st.tuples(_moments, _locations), st.tuples(_labels, _digests)),
            min_size=min_size,
            max_size=max_size,
        )
    )
    return [_row_image(number, *row) for number, row in enumerate(rows)]


@st.composite
def percentages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how much is for test and validation; something is left for training."""
    testing = draw(st.floats(0, 99, allow_subnormal=False) | st.sampled_from([0.0, 10.0, 50.0]))
    validation = draw(st.floats(0, 99 - testing) | st.just(0.0))
    return {"testing_percentage": testing, "validation_percentage": validation}


def like_life(
    seed: int, *, locations: int, sequences: int, classes: int = 8, located: bool = True
) -> list[Image]:
    """Return sequences of one to five frames; locations and classes are uneven.

    The first sequences are the same whatever their number.
    """
    rng = Random(seed)  # noqa: S311 - the same at every run, on purpose
    sizes = [rng.lognormvariate(0, 0.7) for _ in range(locations)]
    liking = [[rng.gammavariate(1, 1) for _ in range(classes)] for _ in range(locations)]
    images = []
    for sequence in range(sequences):
        place = rng.choices(range(locations), sizes)[0]
        label = f"class {rng.choices(range(classes), liking[place])[0]}"
        moment = NOON + timedelta(seconds=rng.randrange(300 * 86400))
        for frame in range(rng.randint(1, 5)):
            path = f"camera{place:03d}/{sequence:06d}_{frame}.JPG"
            taken = moment + timedelta(seconds=frame)
            where = f"place {place}" if located else ""
            digest = hashlib.sha256(path.encode()).hexdigest()
            images.append(make_image(Frame(path, path, taken, where), (label,), digest))
    return images


def split(images: list[Image], **options: Any) -> Split:
    """Divide images; what can't be asked of these is left to the split."""
    try:
        return make_split(images, **{**TENTHS, **options})
    except SettingError:
        return make_split(images, **{**TENTHS, **options, "split_by": "auto"})


def image(
    path: str, label: str = "deer", seconds: int | None = 0, location: str = "", digest: str = ""
) -> Image:
    """Return one image; by default its content is its own."""
    moment = None if seconds is None else NOON + timedelta(seconds=seconds)
    return make_image(Frame(path, path, moment, location), (label,), digest or path)
