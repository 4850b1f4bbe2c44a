"""Claims about whole runs, from a real S3 server to a model and labels."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autofocus.demo.local_server import LocalS3Server
from autofocus.errors import OutputConflictError
from autofocus.run import run as run_stages
from autofocus.runs.workspace import locked
from tests.killing import tree
from tests.samples import upload_sample

BUCKET = "whole-run"
# Three frames of each of so many sequences, and the special files.
SEQUENCES = 16
PARAMETERS = """
download_images: {bucket: whole-run}
preprocess_images: {indir: lpz_data, max_rejected: 0.3}
clean_detections: {detections: ["lpz_data/detections_*.csv"]}
link_images_by_label: {labelmap_path: map.json, label_priority_path: rules.txt}
retrain: {how_many_training_steps: 100, testing_percentage: 30, learning_rate: 0.1}
"""
# What a training writes anew each time: times, the run's identity, compiled graphs.
VARYING = ("model/mlflow_run.json", "bottlenecks")
# In the order of the stages: a file by which each shows that it is at work, and where its
# account stands when it has ended.
STAGES = {
    "download_images": ("data/.autofocus/download_images/journal.new.jsonl", "data/ledger.csv"),
    "preprocess_images": (
        "preprocessed/.autofocus/preprocess_images/journal.new.jsonl",
        "preprocessed/ledger.csv",
    ),
    "clean_detections": (
        ".autofocus/clean_detections.detections_clean.csv/lock",
        "detections_clean.ledger.csv",
    ),
    "link_images_by_label": (
        "links/.autofocus/link_images_by_label/journal.new.jsonl",
        "links/ledger.csv",
    ),
    "retrain": ("model/.autofocus/retrain/journal.new.jsonl", "model/ledger.csv"),
    "predict": (".autofocus/predict.predictions.csv/lock", "predictions.ledger.csv"),
}


@pytest.fixture(scope="module")
def environment(
    s3_server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Variables with which a run finds a bucket that holds a small sample."""
    upload_sample(
        s3_server, BUCKET, tmp_path_factory.mktemp("sample"), sequences=SEQUENCES, sites=3
    )
    return {**os.environ, **s3_server.environment}


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("params")
    sample_data = Path(__file__).parents[1] / "sample_data"
    (folder / "map.json").write_bytes((sample_data / "raccoon_labelmap.json").read_bytes())
    (folder / "rules.txt").write_bytes((sample_data / "label_priority.txt").read_bytes())
    (folder / "run.yaml").write_text(PARAMETERS)
    return folder / "run.yaml"


def command(params: Path, outdir: Path) -> list[str]:
    words = ["run", "--params", str(params), "--outdir", str(outdir)]
    return [sys.executable, "-m", "autofocus", *words]


def run(params: Path, outdir: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command(params, outdir),
        cwd=outdir.parent,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def unstopped(
    params: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    outdir = tmp_path_factory.mktemp("unstopped") / "results"
    run(params, outdir, environment)
    return outdir


def visible(outdir: Path) -> dict[str, str]:
    return {name: digest for name, digest in tree(outdir).items() if not name.startswith(VARYING)}


def test_a_run_leads_from_the_bucket_to_labels(unstopped: Path) -> None:
    """Every stage leaves its outputs; all images without a label are labelled, and have a row."""
    with (unstopped / "preprocessed" / "image_properties.csv").open() as file:
        photographs = {row["filepath"] for row in csv.DictReader(file)}
    with (unstopped / "predictions.csv").open() as file:
        labels = {
            row["filepath"].removeprefix("preprocessed/"): row["label"]
            for row in csv.DictReader(file)
        }
    with (unstopped / "predictions.ledger.csv").open() as file:
        reasons = {row["input"]: row["reason"] for row in csv.DictReader(file)}
    labelled = {name for name, reason in reasons.items() if reason == "labelled"}
    with (unstopped / "links" / "links.csv").open() as file:
        linked = {row["filepath"].removeprefix("../preprocessed/") for row in csv.DictReader(file)}
    assert labelled == linked
    assert {name for name, label in labels.items() if label} == photographs - labelled
    with (unstopped / "preprocessed" / "ledger.csv").open() as file:
        assert set(labels) | labelled == {row["input"] for row in csv.DictReader(file)}
    assert len(photographs) > 40
    assert (unstopped / "model" / "report.html").is_file()


def test_killed_in_each_stage_a_run_ends_with_the_same_bytes(
    params: Path, environment: dict[str, str], unstopped: Path, tmp_path: Path
) -> None:
    """Killed by SIGKILL in the middle of every stage in turn, and started again each time."""
    outdir = tmp_path / "results"
    for stage, (sign, account) in STAGES.items():
        process = subprocess.Popen(
            command(params, outdir), cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
        )
        while not (outdir / sign).exists():
            assert process.poll() is None, f"the run ended before {stage} began"
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (outdir / account).exists(), f"{stage} had ended before it was killed"
    run(params, outdir, environment)
    assert visible(outdir) == visible(unstopped)
    assert _metrics(outdir) == _metrics(unstopped)


def _metrics(outdir: Path) -> object:
    return json.loads((outdir / "model" / "metrics.json").read_text())


def test_a_second_run_reuses_everything(
    params: Path, environment: dict[str, str], unstopped: Path, tmp_path: Path
) -> None:
    """Called again, a run copies, computes and trains nothing, and says so."""
    import shutil

    shutil.copytree(unstopped, tmp_path / "results", symlinks=True)
    text = run(params, tmp_path / "results", environment)
    assert text.count(" 0 ok + ") == len(STAGES)
    assert "model:       reused: nothing has changed since" in text


def test_two_runs_in_one_folder_exclude_each_other(tmp_path: Path) -> None:
    """While one run writes to a folder, a second one fails in a sentence, before any stage."""
    params, outdir = tmp_path / "run.yaml", tmp_path / "results"
    params.write_text("{download_images: {bucket: b}, clean_detections: {detections: [a.csv]}}")
    busy = locked(outdir / ".autofocus" / "run", outdir)
    with busy, pytest.raises(OutputConflictError, match="Another run is at work on"):
        run_stages(params, outdir)
    assert not (outdir / ".autofocus" / "run" / "begun.json").exists()
