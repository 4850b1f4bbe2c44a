"""Claims about the components embed, retrain and fine_tune, run as a pipeline calls them."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.archive import pack
from autofocus.embed import embed
from autofocus.embed_settings import EmbedSettings
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from tests.components.calling import Call, prepare, start
from tests.embeddings.prepared import CAMERAS, EACH, make_prepared, split_prepared
from tests.killing import tree

TRAINING: dict[str, Any] = {"how_many_training_steps": 40, "testing_percentage": 34.0}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared images with links, and in `archive` the same images as three shards."""
    folder = make_prepared(tmp_path_factory.mktemp("prepared"))
    shards = split_prepared(folder, 2)
    empty = folder / "empty"
    empty.mkdir()
    shutil.copyfile(folder / "preprocessed/preparation.json", empty / "preparation.json")
    for number, shard in enumerate([*shards, empty]):
        files = sorted(path for path in shard.rglob("*") if path.is_file())
        names = [path.relative_to(shard).as_posix() for path in files]
        pack(shard, names, folder / "archive", part=f"{number}/3")
    return folder


def run(stage: str, folder: Path, parameters: dict[str, Any], **inputs: Any) -> Call:
    """Run a component that must end well."""
    call = prepare(stage, folder, parameters, **inputs)
    done = start(stage, call, {"TMPDIR": str(folder.parent)})
    assert done.returncode == 0, done.stderr
    return call


@pytest.fixture(scope="module")
def embedded(prepared: Path) -> Call:
    return run("embed", prepared / "embed", {}, preprocessed=prepared / "archive")


def test_embeddings_of_several_shards_are_one_artifact(prepared: Path, embedded: Call) -> None:
    """Of three shards, one without images, the artifact has the bytes of a single run."""
    embed(prepared / "preprocessed", prepared / "single", EmbedSettings())
    single = tree(prepared / "single")
    del single["ledger.csv"]
    assert tree(embedded["embeddings"]) == single
    assert embedded.metadata["ledger"]["ok"] == CAMERAS * EACH


def test_a_model_needs_no_image(
    prepared: Path, embedded: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retrain, given embeddings and links alone, gives the model of `autofocus retrain`."""
    monkeypatch.chdir(tmp_path)
    trained = run(
        "retrain",
        tmp_path / "retrain",
        TRAINING,
        embeddings=[embedded["embeddings"]],
        links=prepared / "links/links.csv",
    )
    retrain(prepared / "links", tmp_path / "own/model", RetrainSettings(**TRAINING))
    trees = [tree(tmp_path / "own/model"), tree(trained["model"])]
    for one in trees:
        del one["mlflow_run.json"]
    assert [name for name in trees[0] if trees[0][name] != trees[1].get(name)] == []
    assert trees[0].keys() == trees[1].keys()
