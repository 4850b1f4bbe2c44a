"""The kinds of files in a synthetic data set: plain, awkward and broken ones."""

from enum import Enum


class Kind(str, Enum):
    """How the file of an image is made."""

    PLAIN = "plain"
    # Awkward, but good.
    TINTED = "tinted"  # infrared whose channels differ by a little in some places
    CMYK = "cmyk"
    GRAY = "gray"  # mode L
    MPO = "mpo"  # two images in one file
    PROGRESSIVE = "progressive"
    LYING = "lying"  # EXIF orientation 6
    NO_EXIF = "no_exif"
    WRONG_CLOCK = "wrong_clock"  # EXIF dates of years before the detection's
    PNG = "png"  # PNG content, .JPG in its name
    LOWER_CASE = "lower_case"  # .jpg in its name
    # Broken.
    TRUNCATED = "truncated"
    EMPTY_FILE = "empty_file"
    TEXT = "text"
    APPLE_DOUBLE = "apple_double"
    TOO_SHORT = "too_short"  # no higher than its footer
    BOMB = "bomb"  # a small file whose header declares an enormous image


AWKWARD = (
    Kind.TINTED,
    Kind.CMYK,
    Kind.GRAY,
    Kind.MPO,
    Kind.PROGRESSIVE,
    Kind.LYING,
    Kind.NO_EXIF,
    Kind.WRONG_CLOCK,
    Kind.PNG,
    Kind.LOWER_CASE,
)
BROKEN = (
    Kind.TRUNCATED,
    Kind.EMPTY_FILE,
    Kind.TEXT,
    Kind.APPLE_DOUBLE,
    Kind.TOO_SHORT,
    Kind.BOMB,
)
