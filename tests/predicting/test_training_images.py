"""Claims about recognising the images that a model has learned from."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.predicting.training_images import read_training_images
from autofocus.tables.columns import SPLIT_NAME


@pytest.mark.parametrize("row", ["other,00ff", "test,no digest"])
def test_an_invalid_table_of_the_split_is_named(tmp_path: Path, row: str) -> None:
    """A table that was changed is reported with its line."""
    (tmp_path / SPLIT_NAME).write_text(f"part,digest\ntraining,00\n{row}\n")
    with pytest.raises(InputDataError, match="line 3: no split or no digest"):
        read_training_images(tmp_path, None)
