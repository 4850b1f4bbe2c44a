"""Claims about the frame of components: all outputs, whole, or none."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.executor import ExecutorInput
from autofocus.containers.task import SHOWN, Task, measure
from autofocus.download_settings import DownloadSettings
from autofocus.errors import InputDataError, SettingError
from autofocus.preprocess_settings import PreprocessSettings
from tests.killing import tree

ROOT = Path(__file__).parents[2]
OUTPUT = "executor_output.json"


def message(folder: Path, **places: Path) -> str:
    """Return an executor input with the outputs of the stage `good`.

    Args:
        folder: where they go, and the executor output.
        places: outputs that go elsewhere, and further ones.
    """
    wanted = {name: folder / name for name in ("model", "report", "table", "ledger")} | places
    output_file = wanted.pop("output_file", folder / OUTPUT)
    artifacts = {
        name: {"artifacts": [{"name": name, "uri": str(path)}]} for name, path in wanted.items()
    }
    return json.dumps({"outputs": {"artifacts": artifacts, "outputFile": str(output_file)}})


class Run:
    """One run of a small component, and the folders that it may write.

    Args:
        folder: a new folder for all.
        stage: which of `tests.containers.stages`.
        out: where the outputs go, if elsewhere.
        places: see `message`.
    """

    def __init__(self, folder: Path, stage: str, out: Path | None = None, **places: Path) -> None:
        self.out, self.tmp = out or folder / "out", folder / "tmp"
        self.out.mkdir(exist_ok=True)
        self.tmp.mkdir(exist_ok=True)
        self._words = ["--executor_input", message(self.out, **places)]
        self._stage = stage

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.containers.stages", *(words or self._words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"STAGE": self._stage, "TMPDIR": str(self.tmp)},
        )

    def end(self, *words: str) -> tuple[int, str, str]:
        """Run to the end, and return the exit status, what was said, and what was complained."""
        with self.start(*words) as process:
            said, complained = process.communicate(timeout=60)
        return process.returncode, said, complained

    @property
    def left(self) -> list[str]:
        """Everything that stands where outputs go, and where the component worked, hidden too."""
        return sorted(path.name for folder in (self.out, self.tmp) for path in folder.iterdir())

    def recorded(self) -> dict[str, Any]:
        """Return the metadata of each output."""
        artifacts = json.loads((self.out / OUTPUT).read_text(encoding="utf-8"))["artifacts"]
        return {name: each["artifacts"][0]["metadata"] for name, each in artifacts.items()}


def stop_when(process: "subprocess.Popen[str]", is_time: Callable[[], bool]) -> str:
    """Send SIGTERM as soon as it is time, wait for the end, and return the complaints."""
    deadline = time.monotonic() + 60
    while not is_time():
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.001)
    process.send_signal(signal.SIGTERM)
    return process.communicate(timeout=60)[1]


def test_outputs_stand_in_their_places(tmp_path: Path) -> None:
    """After a good end each output is where it was asked for, and nothing else is anywhere."""
    run = Run(tmp_path, "good")
    status, said, complained = run.end()
    assert (status, complained) == (0, "")
    assert run.left == [OUTPUT, "ledger", "model", "report", "table"]
    assert (run.out / "table").read_text() == "filepath\na\n"
    assert (run.out / "report").read_text() == "report"
    assert list(tree(run.out / "model")) == ["b/1.JPG", "ledger.csv", "report.html"]
    assert (run.out / "ledger").read_bytes() == (run.out / "model" / "ledger.csv").read_bytes()
    assert "stages: 5 inputs" in said
    assert str(run.tmp) not in said


def test_a_stage_s_memory_does_not_travel(tmp_path: Path) -> None:
    """The hidden folder of an output isn't there any more where the output is."""
    run = Run(tmp_path, "good")
    run.end()
    assert sorted(path.name for path in (run.out / "model").iterdir()) == [
        "b",
        "ledger.csv",
        "report.html",
    ]


def test_counts_and_measures_are_recorded(tmp_path: Path) -> None:
    """Each output has the stage's account and what tells that it is whole; metrics have theirs."""
    run = Run(tmp_path, "good")
    run.end()
    recorded = run.recorded()
    account = {
        "inputs": 5,
        "ok": 2,
        "reused": 1,
        "rejected": 2,
        "rejected_empty_file": 1,
        "rejected_truncated": 1,
    }
    digest = hashlib.sha256(hashlib.sha256(b"report").hexdigest().encode() + b" \n").hexdigest()
    assert recorded["report"] == account | {"files": 1, "bytes": 6, "sha256": digest}
    assert recorded["model"]["files"] == 3
    assert recorded["table"] == {"accuracy": 0.5}
    for name in ("report", "model", "ledger"):
        found = measure(run.out / name)
        assert recorded[name] == account | {
            "files": found.files,
            "bytes": found.bytes,
            "sha256": found.sha256,
        }


def test_a_measure_tells_names_contents_and_places(tmp_path: Path) -> None:
    """Another name, content or number of files is another digest; a hidden memory is none."""

    def digest(folder: str, **files: str) -> str:
        for name, text in files.items():
            path = tmp_path / folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return measure(tmp_path / folder).sha256

    one = digest("one", a="1", b="2")
    assert digest("same", b="2", a="1") == one
    others = [
        digest("content", a="1", b="3"),
        digest("name", a="1", c="2"),
        digest("swapped", a="2", b="1"),
        digest("fewer", a="1"),
        digest("deeper", a="1", b__b="2"),
    ]
    assert len({one, *others}) == 6
    (tmp_path / "one" / ".autofocus").mkdir()
    (tmp_path / "one" / ".autofocus" / "lock").touch()
    assert measure(tmp_path / "one").sha256 == one


def test_what_an_earlier_try_left_is_replaced(tmp_path: Path) -> None:
    """Nothing of an output that stood there before stays, be it a folder or a file."""
    run = Run(tmp_path, "good")
    (run.out / "model").mkdir()
    (run.out / "model" / "stale").touch()
    (run.out / ".model.unfinished").mkdir()
    (run.out / "table").mkdir()
    (run.out / "ledger").write_text("stale")
    assert run.end()[0] == 0
    assert run.left == [OUTPUT, "ledger", "model", "report", "table"]
    assert measure(run.out / "model").sha256 == run.recorded()["model"]["sha256"]


@pytest.mark.parametrize(
    ("stage", "expected", "sentence"),
    [
        ("fails", 3, "model/ledger.csv can't be used: give another."),
        ("disk_full", 5, "No space left on device (somewhere): free some, and start again"),
    ],
)
def test_a_stage_that_fails_leaves_nothing(
    tmp_path: Path, stage: str, expected: int, sentence: str
) -> None:
    """An error is one sentence, last in the log, with its status, and nothing is left anywhere."""
    run = Run(tmp_path, stage)
    status, said, complained = run.end()
    assert (status, said) == (expected, "")
    assert complained.splitlines()[-1] == f"autofocus stages: error: {sentence}"
    assert "Traceback" not in complained
    assert run.left == []


def test_a_bug_leaves_nothing(tmp_path: Path) -> None:
    """An error that nobody foresaw ends with status 1 and leaves nothing, too."""
    run = Run(tmp_path, "has_a_bug")
    assert run.end()[0] == 1
    assert run.left == []


@pytest.mark.parametrize("output", ["table", "model", "output_file"])
def test_a_failure_amid_the_outputs_leaves_none(tmp_path: Path, output: str) -> None:
    """If one output, or the executor output, can't be put in place, the others go again."""
    (tmp_path / "file").write_text("mine")
    run = Run(tmp_path, "good", **{output: tmp_path / "file" / "x"})
    status, _, complained = run.end()
    assert status in {3, 5}
    assert len(complained.splitlines()) == 1
    assert complained.startswith("autofocus stages: error: ")
    assert run.left == []
    assert (tmp_path / "file").read_text() == "mine"


def test_an_output_that_the_component_lacks_is_left_alone(tmp_path: Path) -> None:
    """The launcher asks for a log besides and fills it itself: it is neither made nor recorded."""
    run = Run(tmp_path, "good", **{"executor-logs": tmp_path / "out" / "executor-logs"})
    status, _, complained = run.end()
    assert (status, complained) == (0, "")
    assert run.left == [OUTPUT, "ledger", "model", "report", "table"]
    assert set(run.recorded()) == {"ledger", "model", "report", "table"}


def test_an_unknown_parameter_is_noted_and_ignored(tmp_path: Path) -> None:
    """What a newer server or pipeline gives besides is noted; sizes of the task aren't."""
    run = Run(tmp_path, "good")
    text = json.loads(message(run.out))
    names = ("surprise", "cpu_limit", "pipelinechannel--clean_cpu")
    text["inputs"] = {"parameterValues": dict.fromkeys(names, "1")}
    status, _, complained = run.end("--executor_input", json.dumps(text))
    assert (status, complained) == (0, "note: unknown parameter surprise, ignored\n")


def test_sigterm_amid_the_work_leaves_nothing(tmp_path: Path) -> None:
    """Stopped in its middle, a component ends with 143 and one sentence, and leaves nothing."""
    run = Run(tmp_path, "waits")
    with run.start() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        complained = stop_when(process, lambda: True)
    assert process.returncode == 143
    assert complained.endswith(": error: stopped; run the same command to continue\n")
    assert len(complained.splitlines()) == 1
    assert run.left == []


@pytest.fixture
def other_disk(tmp_path: Path) -> Path:
    """A folder on another disk than pytest's."""
    memory = Path("/dev/shm")  # noqa: S108 - of this very kind
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is but one disk")
    return memory


def test_outputs_come_whole_to_another_disk(tmp_path: Path, other_disk: Path) -> None:
    """Where outputs lie on another disk than the work, as in a cluster, they come whole."""
    with tempfile.TemporaryDirectory(dir=other_disk) as name:
        run = Run(tmp_path, "good", Path(name))
        assert run.end()[0] == 0
        assert run.left == [OUTPUT, "ledger", "model", "report", "table"]
        assert measure(run.out / "model").sha256 == run.recorded()["model"]["sha256"]


def test_sigterm_amid_the_outputs_leaves_nothing(tmp_path: Path, other_disk: Path) -> None:
    """Stopped while an output comes to another disk, a component leaves none of them."""
    with tempfile.TemporaryDirectory(dir=other_disk) as name:
        run = Run(tmp_path, "many", Path(name))
        unfinished = run.out / ".model.unfinished"
        seen: list[str] = []

        def is_in_the_middle() -> bool:
            seen[:] = run.left
            return unfinished.is_dir() and any(unfinished.iterdir())

        with run.start() as process:
            complained = stop_when(process, is_in_the_middle)
        # Files come first, so that there was something to take away.
        assert {"ledger", "report", "table"} <= set(seen)
        assert OUTPUT not in seen
        assert process.returncode == 143
        assert complained.endswith(": error: stopped; run the same command to continue\n")
        assert run.left == []


@pytest.mark.parametrize("stage", ["too_many", "too_many_beside_others"])
def test_rejected_inputs_are_named_before_the_end(tmp_path: Path, stage: str) -> None:
    """As the ledger goes with the container, the log names the first ones, and how many more."""
    run = Run(tmp_path, stage)
    status, _, complained = run.end()
    lines = complained.splitlines()
    assert status == 4
    assert lines[:SHOWN] == [
        f"rejected: IMG_{n:02}.JPG (empty_file: no bytes)" for n in range(SHOWN)
    ]
    assert lines[SHOWN] == "rejected: 3 more"
    assert lines[SHOWN + 1 :] == [
        "autofocus stages: error: 23 of 24 inputs were rejected: see out/ledger.csv."
    ]
    assert run.left == []


@pytest.mark.parametrize(
    "words",
    [
        ["--executor_input"],
        ["--executor-input", "{}"],
        ["--executor_input", "{}", "more"],
        ["--executor_input", "{}"],
        ["--help"],
    ],
)
def test_whoever_calls_it_otherwise_is_told(tmp_path: Path, words: list[str]) -> None:
    """A call that no pipeline makes is one sentence that says who does."""
    run = Run(tmp_path, "good")
    status, _, complained = run.end(*words)
    assert status == 3
    assert len(complained.splitlines()) == 1
    assert "pipeline" in complained
    assert run.left == []


def task(**parameters: Any) -> Task:
    """A task that is asked with these parameters."""
    return Task(ExecutorInput(parameters, {}, {}, Path("x")), Path("y"))


def test_parameters_become_settings() -> None:
    """Parameters of a setting's name are taken, lists as tuples, whole numbers for floats."""
    asked = task(extensions=["JPG"], trim_bottom=7, night_tolerance=3, indir="lpz_data")
    assert asked.settings(PreprocessSettings, allow_empty=True) == PreprocessSettings(
        extensions=("JPG",), trim_bottom=7, night_tolerance=3.0, allow_empty=True
    )


def test_an_empty_text_stands_for_what_is_not_given() -> None:
    """A pipeline can't pass nothing: an optional setting's empty text is none."""
    found = task(shard="", endpoint_url="", prefix="").settings(DownloadSettings)
    assert (found.shard, found.endpoint_url, found.prefix) == (None, None, "")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"trim_bottom": "7"}, "the component's parameters: trim_bottom must be a whole number"),
        ({"trim_bottom": 0.5}, "trim_bottom must be a whole number or auto, not 0.5"),
        ({"trim_bottom": ""}, "trim_bottom must be a whole number or auto, not ''"),
        ({"extensions": "JPG"}, "extensions must be a list"),
        ({"trim_bottom": -1}, "trim_bottom must not be negative"),
    ],
)
def test_parameters_of_another_kind_are_told(parameters: dict[str, Any], words: str) -> None:
    """A parameter that the setting can't take is named with what it must be."""
    with pytest.raises(SettingError, match=words):
        task(**parameters).settings(PreprocessSettings)


def test_further_settings_must_be_known() -> None:
    """A component that asks for a setting that isn't one is told which there are."""
    with pytest.raises(SettingError, match="unknown key 'trim_side'; known keys are extensions"):
        task().settings(PreprocessSettings, trim_side=1)


def test_a_missing_parameter_is_told() -> None:
    """What a component can't do without is named."""
    assert task(bucket="zoo").parameter("bucket") == "zoo"
    with pytest.raises(InputDataError, match="passes no parameter bucket"):
        task().parameter("bucket")
    assert task().parameter("labelmap", {}) == {}


def test_a_subfolder_is_below_its_folder() -> None:
    """A parameter names a folder below another, and never one outside it."""
    assert task(indir="a/b").subfolder("indir", Path("data")) == Path("data/a/b")
    assert task(indir="").subfolder("indir", Path("data")) == Path("data")
    for outside in ("/a", "..", "a/../../b", "//a"):
        with pytest.raises(InputDataError, match="indir must name a folder below"):
            task(indir=outside).subfolder("indir", Path("data"))


def test_inputs_must_be_there(tmp_path: Path) -> None:
    """An input that isn't there is told by its name and place, or that none was given."""
    (tmp_path / "there").touch()

    def asked(*names: str) -> Task:
        artifacts = [{"name": name, "uri": str(tmp_path / name)} for name in names]
        inputs = {"artifacts": {"images": {"artifacts": artifacts}}}
        text = json.dumps({"inputs": inputs, "outputs": {"outputFile": "x"}})
        return Task(ExecutorInput.parse(text), tmp_path)

    assert asked("there").input("images") == tmp_path / "there"
    assert asked("there", "there").inputs("images") == [tmp_path / "there"] * 2
    for names in (["there", "gone"], []):
        with pytest.raises(InputDataError, match=r"input images.* is not there") as told:
            asked(*names).inputs("images")
        assert ("gone" in str(told.value)) == bool(names)
    with pytest.raises(InputDataError, match="The input tables is not there"):
        asked("there").inputs("tables")
