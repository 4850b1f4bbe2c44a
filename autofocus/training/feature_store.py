"""Files of the features of a data set, for those that don't fit in memory."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.progress import Progress
from autofocus.training.feature_rows import FeatureFile, FeatureRows, slices


class FeatureStore:
    """Files of features, one per view, which are filled as rows are needed.

    Args:
        folder: for the files, which are deleted in the end; it is made if it is needed.
        names: of the N images, sorted.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = names
        self._files: dict[str, FeatureFile] = {}
        # Which rows of a file are written.
        self._written: dict[str, NDArray[np.bool_]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def rows(
        self,
        key: str,
        names: Sequence[str],
        shape: tuple[int, int],
        versions: int,
        compute: Callable[[NDArray[np.int64], int], NDArray[np.float32]],
    ) -> FeatureRows:
        """Return the features of images, which are written first where they are not.

        Args:
            key: of the file, such as a view.
            names: of M images.
            shape: the number of versions of each image that there may be, such as itself and its
                distorted copies; and the number of features.
            versions: how many of them are asked for, the first ones.
            compute: returns the features of some of the M images, given their places and the
                number of the version.

        Returns:
            The M images' first versions, then their second ones, and so on.
        """
        number = len(self._names)
        if key not in self._files:
            path = self._folder / f"{len(self._files)}.features"
            self._files[key] = FeatureFile(path, (shape[0] * number, shape[1]))
            self._written[key] = np.zeros(shape[0] * number, bool)
        places = self._places(names)
        for version in range(versions):
            self._fill(key, places, version, compute)
        every = np.concatenate([places + version * number for version in range(versions)])
        return FeatureRows(self._files[key], every)

    def _fill(
        self,
        key: str,
        places: NDArray[np.int64],
        version: int,
        compute: Callable[[NDArray[np.int64], int], NDArray[np.float32]],
    ) -> None:
        file, written = self._files[key], self._written[key]
        places = places + version * len(self._names)
        missing = np.flatnonzero(~written[places])
        if not len(missing):
            return
        with Progress("reading features", len(missing)) as progress:
            for block in slices(len(missing)):
                rows = missing[block]
                file.write(places[rows], compute(rows, version))
                written[places[rows]] = True
                progress.advance(len(rows))

    def _places(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return where images are among all, shape (M,); without a table of all names."""
        places = np.empty(len(names), np.int64)
        place = -1
        for row, name in enumerate(names):
            # Mostly the one after the last.
            place += 1
            if place >= len(self._names) or self._names[place] != name:
                place = bisect_left(self._names, name)
            places[row] = place
        return places
