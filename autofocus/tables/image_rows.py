"""The table of images: what all detections of an image say together."""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from autofocus.tables.columns import (
    BOX,
    CLEAN,
    CLEAN_OPTIONAL,
    CONTAINS,
    COUNT,
    LOCATION,
    SEQUENCE,
    SOURCE,
)
from autofocus.tables.records import LABEL

if TYPE_CHECKING:
    import pandas as pd

# Working columns beside those of the detections: the image's path, its position among the
# properties (-1 for none), date and time, and whether the detection's label counts.
IMAGE, NUMBER, DATE, CLOCK, IS_LABEL = "image", "number", "date", "clock", "is_label"
_SCORE = BOX[-1]
# A box that a person drew has no score, and goes before all others.
_DRAWN = 2.0


def make_image_rows(
    good: "pd.DataFrame", properties: "pd.DataFrame", prefix: str
) -> "pd.DataFrame":
    """Return one row per image, sorted by its path.

    Args:
        good: the detections that were matched to images; of those that are no labels, only the
            other columns count.
        properties: the properties of all images.
        prefix: prepended to the paths.
    """
    import pandas as pd

    images = good.drop_duplicates(NUMBER).sort_values(IMAGE)
    known = properties.iloc[images[NUMBER].to_numpy()].reset_index(drop=True)
    images = images.reset_index(drop=True)
    numbers = images[NUMBER]
    dates = _first(good, DATE, numbers, images[DATE])
    is_same = (known["date"] == dates) | (dates == "")
    clock = _first(good, CLOCK, numbers, images[CLOCK]).where(known["date"] == "", "")
    columns = {
        "date": dates.mask(dates == "", known["date"]),
        "filepath": prefix + images[IMAGE],
        "time": known["time"].where(is_same & (known["date"] != ""), clock),
        "night": known["night"],
        "mean_brightness": known["mean_brightness"],
    }
    columns |= {
        name: _first(good, name, numbers, images[name])
        for name in (LOCATION, SEQUENCE)
        if name in good
    }
    labels = good[good[IS_LABEL]]
    if SOURCE in good and (labels[SOURCE] != "").any():
        columns[SOURCE] = _first(labels, SOURCE, numbers, pd.Series("", images.index, dtype=str))
    if COUNT in good:
        columns[COUNT] = _counts(good, numbers)
    if BOX[0] in good:
        columns |= _boxes(good, numbers)
    order = [name for name in (*CLEAN, *CLEAN_OPTIONAL) if name in columns]
    clean = pd.DataFrame({name: columns[name] for name in order})
    return pd.concat([clean, _flags(labels, images, len(properties))], axis=1)


def _first(
    good: "pd.DataFrame", column: str, numbers: "pd.Series[int]", values: "pd.Series[str]"
) -> "pd.Series[str]":
    """Return the first value that a detection of each image gives; empty if none does.

    Args:
        good: the detections.
        column: the column of the values.
        numbers: the images.
        values: those of the first detection of each image.
    """
    is_missing = values == ""
    if not is_missing.any():
        return values
    given = good[good[column] != ""].drop_duplicates(NUMBER)
    known = dict(zip(given[NUMBER], given[column], strict=True))
    return values.mask(is_missing, _look_up(numbers, known))


def _look_up(numbers: "pd.Series[int]", known: Mapping[Hashable, str]) -> "pd.Series[str]":
    import pandas as pd

    return pd.Series([known.get(number, "") for number in numbers], numbers.index, dtype=str)


def _counts(good: "pd.DataFrame", numbers: "pd.Series[int]") -> "pd.Series[str]":
    """Return the number of animals of each image: the sum over its labels, or over its boxes."""
    given = good[good[COUNT] != ""]
    # Of an image that has both, labels come behind boxes, and stay.
    sums = given[COUNT].astype(int).groupby([given[IS_LABEL], given[NUMBER]]).sum()
    known = dict(zip(sums.index.get_level_values(1), map(str, sums), strict=True))
    return _look_up(numbers, known)


def _boxes(good: "pd.DataFrame", numbers: "pd.Series[int]") -> "dict[str, pd.Series[str]]":
    """Return the cells of each image's box with the highest score."""
    given = good[good[BOX[0]] != ""]
    scores = given[_SCORE].mask(given[_SCORE] == "", str(_DRAWN)).astype(float)
    order = scores.sort_values(ascending=False, kind="stable").index
    best = given.loc[order].drop_duplicates(NUMBER).set_index(NUMBER)
    return {name: _look_up(numbers, best[name].to_dict()) for name in BOX}


def _flags(labels: "pd.DataFrame", images: "pd.DataFrame", known: int) -> "pd.DataFrame":
    """Return a 0/1 column per label."""
    import pandas as pd

    rows = np.empty(known, np.intp)
    rows[images[NUMBER].to_numpy()] = np.arange(len(images))
    codes, names = pd.factorize(labels[LABEL], sort=True)
    flags = np.zeros((len(images), len(names)), np.int8)
    flags[rows[labels[NUMBER].to_numpy()], codes] = 1
    return pd.DataFrame(flags, columns=[CONTAINS + name for name in names])
