"""Claims about promoting a version of a registered model by hand."""

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from autofocus.errors import MissingInputError, SettingError
from autofocus.promote import COMMAND, promote
from autofocus.tracking.registry import registry

NAME = "raccoons"


@pytest.fixture
def client(tmp_path: Path) -> Iterator["mlflow.MlflowClient"]:
    """MLflow's store in a database, with three versions, of which the second is the champion."""
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    client = mlflow.MlflowClient()
    client.create_registered_model(NAME)
    for _ in range(3):
        client.create_model_version(NAME, str(tmp_path))
    client.set_registered_model_alias(NAME, "champion", "2")
    client.set_registered_model_alias(NAME, "challenger", "3")
    yield client
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def aliases() -> dict[str, str]:
    with registry(NAME) as models:
        return models.aliases()


def test_a_version_is_promoted_and_rolled_back(
    client: "mlflow.MlflowClient", capsys: pytest.CaptureFixture[str]
) -> None:
    """The alias moves, the version records it, and the result says how to go back."""
    assert str(promote(NAME, "challenger")) == (
        "promote: champion of raccoons is version 3, and was version 2 before; to go back: "
        "autofocus promote 'raccoons' 2"
    )
    assert aliases() == {"champion": "3"}
    tags = client.get_model_version(NAME, "3").tags
    assert tags["autofocus_role"] == "champion"
    assert tags["autofocus_reason"] == "promoted by hand, in place of version 2"
    assert COMMAND.main([NAME, "2"]) == 0
    assert "version 2, and was version 3 before" in capsys.readouterr().out
    assert aliases() == {"champion": "2"}
    assert str(promote(NAME, "2")).endswith("is version 2, as before")
    assert str(promote(NAME, "1", "night")).endswith("version 1; no version was it before")
    assert aliases() == {"champion": "2", "night": "1"}
    assert str(promote(NAME, "2", "night")).endswith(
        "autofocus promote 'raccoons' 1 --alias night"
    )


@pytest.mark.usefixtures("client")
def test_what_there_is_not_is_not_promoted() -> None:
    """A wrong name, number or alias is one sentence, and no alias moves."""
    before = aliases()
    with pytest.raises(MissingInputError, match="There is no registered model racoons"):
        promote("racoons", "1")
    with pytest.raises(MissingInputError, match="has no version 9: it has 1, 2, 3"):
        promote(NAME, "9")
    with pytest.raises(MissingInputError, match="has no alias best"):
        promote(NAME, "best")
    for name, version in (("", "1"), (NAME, ""), (NAME, "0"), ("a/b", "1"), (NAME, "1.5")):
        with pytest.raises(SettingError, match="names no version of a registered model: give a n"):
            promote(name, version)
    for alias in ("latest", "v3", "3", "", "a b", "Latest"):
        with pytest.raises(SettingError, match="alias must be a word of letters"):
            promote(NAME, "1", alias)
    assert aliases() == before
