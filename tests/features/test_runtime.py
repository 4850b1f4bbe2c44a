"""Tests of the check for a GPU where a task was given one."""

import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.errors import MissingGpuError
from autofocus.features import runtime
from tests.containers.test_task import message

SENTENCE = "This task was put on a node with a GPU, and TensorFlow sees none: "


def test_nothing_is_checked_unless_a_gpu_was_given() -> None:
    """Tasks without a GPU don't import TensorFlow for the check."""
    script = (
        "import sys; from autofocus.features.runtime import check_gpu; check_gpu();"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("device", "has_cuda", "cause"),
    [
        (False, True, "the container was given no NVIDIA device"),
        (True, False, "its image is without CUDA, so use that of retrain-gpu"),
        (True, True, "the node's driver doesn't fit CUDA 1"),
    ],
)
def test_a_gpu_that_is_not_seen_is_an_error(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: bool,
    has_cuda: bool,
    cause: str,
) -> None:
    """One sentence says whether to look at the node, the image or the driver."""
    monkeypatch.setenv(runtime.NEEDS_GPU_VARIABLE, "1")
    if has_cuda:
        # As packages with CUDA's libraries have it.
        (tmp_path / "site" / "nvidia").mkdir(parents=True)
        monkeypatch.syspath_prepend(tmp_path / "site")
    if device:
        (tmp_path / "nvidia0").touch()
    (tmp_path / "nvidiactl").touch()
    with pytest.raises(MissingGpuError) as caught:
        runtime.check_gpu(tmp_path)
    assert str(caught.value).startswith(SENTENCE + cause)


def test_a_task_fails_before_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A component that was given a GPU and sees none ends with the sentence, and no output."""
    monkeypatch.setenv(runtime.NEEDS_GPU_VARIABLE, "1")
    monkeypatch.setenv("STAGE", "good")
    done = subprocess.run(
        [sys.executable, "-m", "tests.containers.stages", "--executor_input", message(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5
    assert done.stderr.startswith(f"autofocus stages: error: {SENTENCE}")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
