"""Claims about files of features that are filled as they are needed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.training.feature_store import FeatureStore

NAMES = [f"{number:03d}" for number in range(100)]


def test_rows_are_computed_once_and_read_in_the_order_asked_for(tmp_path: Path) -> None:
    """Versions follow each other; what is asked for again, with others, is not computed again."""
    computed: list[str] = []

    def ask(store: FeatureStore, names: list[str], versions: int) -> list[float]:
        def compute(places: NDArray[np.int64], version: int) -> NDArray[np.float32]:
            some = [names[place] for place in places.tolist()]
            computed.extend(some)
            values = np.array([[int(name) + version / 4] for name in some], np.float32)
            return np.repeat(values, 2, axis=1)

        rows = store.rows("full", names, (3, 2), versions, compute)
        assert rows.shape == (versions * len(names), 2)
        return list(map(float, rows.load()[:, 1]))

    with FeatureStore(tmp_path / "features", NAMES) as store:
        assert not (tmp_path / "features").exists()
        assert ask(store, ["007", "003", "099"], 1) == [7, 3, 99]
        assert ask(store, ["003", "004"], 2) == [3, 4, 3.25, 4.25]
        assert ask(store, ["099", "000"], 1) == [99, 0]
        assert computed == ["007", "003", "099", "004", "003", "004", "000"]
        assert len(list((tmp_path / "features").iterdir())) == 1
    assert not list((tmp_path / "features").iterdir())
