"""Tests of what of a local run's outputs people get."""

from pathlib import Path

from autofocus.containers.executor import Artifact
from pipelines.completeness import CompletedTask
from pipelines.results import collect

HEADER = "stage,input,status,reason,detail,output\n"


def task(folder: Path, component: str, **outputs: str) -> CompletedTask:
    """Leave outputs as a task does."""
    folder.mkdir()
    for name, text in outputs.items():
        (folder / name).write_text(text)
    artifacts = {name: Artifact(name, str(folder / name)) for name in outputs}
    return CompletedTask(component, artifacts)


def test_shards_ledgers_become_one(tmp_path: Path) -> None:
    """The ledger of a fan-out has every shard's rows, in the order of one run's."""
    rows = [f"download_images,{name}.JPG,ok,,,{name}.JPG\n" for name in "abc"]
    done = [
        task(tmp_path / "0", "download", ledger=HEADER + rows[0] + rows[2]),
        task(tmp_path / "1", "download", ledger=HEADER + rows[1]),
    ]
    assert collect(done, tmp_path / "out") == [tmp_path / "out" / "data" / "ledger.csv"]
    assert (tmp_path / "out" / "data" / "ledger.csv").read_text() == HEADER + "".join(rows)


def test_a_model_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    """Nothing of the model that stood there before is left."""
    (tmp_path / "out" / "model").mkdir(parents=True)
    (tmp_path / "out" / "model" / "old.txt").touch()
    done = [CompletedTask("retrain", {"model": Artifact("model", str(tmp_path / "model"))})]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "labels.txt").write_text("cat\n")
    collect(done, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "model").iterdir()] == ["labels.txt"]
