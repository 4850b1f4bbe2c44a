"""What options choose from, without the packages that compute features."""

from typing import Literal

DEFAULT_BACKBONE = "efficientnet-lite0"
MOST_VIEWS = 8
# What a classifier sees (see `features.crop`), or `auto` to choose that in training.
ViewChoice = Literal["full", "motion", "detector", "combined", "both", "auto"]
