"""Claims about values for a pipeline's parameters."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.errors import AutofocusError, InputDataError, MissingInputError, SettingError
from pipelines.interface import ParameterValue, PipelineInterface, read_interface
from pipelines.names import parameter_name
from pipelines.parameters import check_shards, divide_shards, gather
from tests.pipelines.tiny import write_tiny

SAMPLE = Path(__file__).parents[2] / "sample_data"


@pytest.fixture
def interface(tmp_path: Path) -> PipelineInterface:
    return read_interface(write_tiny(tmp_path))


def read(interface: PipelineInterface, text: str, *words: str) -> dict[str, Any]:
    path = interface.path.with_name("run.yaml")
    path.write_text(text)
    return {name: given.value for name, given in gather(path, words, interface).values.items()}


def test_the_sample_s_file_of_autofocus_run_serves(interface: PipelineInterface) -> None:
    """Sections are flattened, the label map and the rules are read, and nothing else is added."""
    known = dict(interface.parameters)
    for name in ("indir", "min_side", "detections", "strip_components", "tfhub_module", "view"):
        known[name] = known["prefix"]
    for name in ("testing_percentage", "validation_percentage", "folds", "threshold_value"):
        known[name] = known["trim_bottom"]
    stages = interface.stages | {"clean"}
    wide = dataclasses.replace(interface, parameters=known, stages=stages)
    values = {
        name: given.value for name, given in gather(SAMPLE / "run.yaml", (), wide).values.items()
    }
    assert values.pop("labelmap") == json.loads((SAMPLE / "raccoon_labelmap.json").read_text())
    assert "human > *" in values.pop("label_priority")
    assert values == {
        "bucket": "autofocus",
        "indir": "lpz_data",
        "trim_bottom": 198,
        "min_side": 256,
        "detections": ["lpz_data/detections_*.csv"],
        "strip_components": 2,
        "tfhub_module": "efficientnet-lite0",
        "view": "auto",
        "testing_percentage": 20,
        "validation_percentage": 15,
        "folds": 4,
        "threshold_value": 0.9,
    }


def test_flat_keys_and_sections_may_stand_together(interface: PipelineInterface) -> None:
    """What has no section is the pipeline's parameter of that name; dashes are as good."""
    text = "bucket: b\nretrain: {learning-rate: 0.5}\npredict: {jobs: 4}\n"
    assert read(interface, text) == {"bucket": "b", "learning_rate": 0.5}


def test_all_layers_are_a_number_in_a_pipeline(interface: PipelineInterface) -> None:
    """A parameter of a pipeline has one type: `all` becomes -1, and a number stays."""
    known = {**interface.parameters, "fine_tune_layers": interface.parameters["trim_bottom"]}
    wide = dataclasses.replace(interface, parameters=known)
    for word, number in (("all", -1), ("2", 2)):
        assert read(wide, f"retrain: {{fine_tune_layers: {word}}}") == {"fine_tune_layers": number}


def test_keys_of_several_stages_are_named_after_their_stage(interface: PipelineInterface) -> None:
    """`max_rejected` of a stage becomes `<stage>_max_rejected`; what is one stage's stays."""
    assert read(interface, "preprocess_images: {max_rejected: 0.5}\n") == {
        "preprocess_max_rejected": 0.5
    }
    assert parameter_name("link", "max_rejected") == "link_max_rejected"
    assert parameter_name("predict", "extensions") == "extensions"
    assert parameter_name("clean", "strip_components") == "strip_components"
    assert parameter_name("retrain", "location_pattern") == "location_pattern"


def test_a_name_is_not_shared_with_an_option_of_one_machine(interface: PipelineInterface) -> None:
    """The pattern of locations is that of retrain; that of preprocessing is for one machine."""
    known = {**interface.parameters, "location_pattern": interface.parameters["prefix"]}
    wide = dataclasses.replace(interface, parameters=known)
    pattern = "retrain: {location_pattern: '^([^/]+)/'}\n"
    assert read(wide, pattern) == {"location_pattern": "^([^/]+)/"}
    with pytest.raises(SettingError, match="location_pattern is an option for work on one"):
        read(wide, "preprocess_images: {location_pattern: x}\n")


def test_stages_must_agree_on_the_extensions(interface: PipelineInterface) -> None:
    """One parameter serves two stages, so that two values are refused and equal ones are not."""
    whole = dataclasses.replace(interface, stages=interface.stages | {"predict"})
    both = "preprocess_images: {{extensions: [JPG]}}\npredict: {{extensions: [{}]}}\n"
    assert read(whole, both.format("JPG")) == {"extensions": ["JPG"]}
    with pytest.raises(SettingError, match=r"extensions is given twice: \['JPG'\]"):
        read(whole, both.format("PNG"))


def test_sections_of_stages_that_a_pipeline_lacks_are_left_out(
    interface: PipelineInterface,
) -> None:
    """One file serves all pipelines: what it says for others is left out and reported."""
    path = interface.path.with_name("run.yaml")
    path.write_text("keep_raw: false\npredict: {photographs: p}\nclean_detections: {}\n")
    gathered = gather(path, (), interface)
    assert (gathered.values, gathered.left_out) == ({}, ["predict"])


def test_shards_may_be_a_number(interface: PipelineInterface) -> None:
    """4 is short for the four parts, on the command line too."""
    parts = ["0/4", "1/4", "2/4", "3/4"]
    assert read(interface, "shards: 4\n") == {"shards": parts}
    assert read(interface, "", "shards=4") == {"shards": parts}
    assert read(interface, "shards: [1/2, 0/2]\n") == {"shards": ["1/2", "0/2"]}


@pytest.mark.parametrize(
    ("text", "words", "parts"),
    [
        ("shards: 2000\n", (), [f"{50 * n}-{50 * n + 49}/2000" for n in range(40)]),
        ("shards: 24\npods: 3\n", (), ["0-7/24", "8-15/24", "16-23/24"]),
        ("shards: 24\n", ("pods=2",), ["0-11/24", "12-23/24"]),
        ("", ("shards=5", "pods=2.0"), ["0-1/5", "2-4/5"]),
        ("shards: 3\n", ("pods=9",), ["0/3", "1/3", "2/3"]),
        ("shards: 3\npods: 2\n", ("shards=4",), ["0-1/4", "2-3/4"]),
        ("shards: 1\n", (), ["0/1"]),
    ],
)
def test_pods_take_several_shards(
    interface: PipelineInterface, text: str, words: tuple[str, ...], parts: list[str]
) -> None:
    """Many shards are divided among at most 40 pods, or as many as are given."""
    assert read(interface, text, *words) == {"shards": parts}


@given(st.integers(1, 1_000_000), st.integers(1, 40))
def test_every_shard_is_in_one_pod(shards: int, pods: int) -> None:
    """However many there are, the parts pass the check that they are all shards, each once."""
    values = {"shards": ParameterValue(shards, "x"), "pods": ParameterValue(pods, "x")}
    interface = PipelineInterface("p", Path("p.yaml"), "", "", frozenset(), {})
    divide_shards(values, interface)
    assert len(values["shards"].value) == min(shards, pods)
    check_shards(values["shards"].value, "x")


def test_columns_may_be_a_mapping(interface: PipelineInterface) -> None:
    """As in a run, the roles of columns are keys; the pipeline takes a list."""
    known = {**interface.parameters, "columns": interface.parameters["shards"]}
    stages = interface.stages | {"clean"}
    wide = dataclasses.replace(interface, parameters=known, stages=stages)
    text = "clean_detections: {columns: {path: Photo, label: [A, B]}}\n"
    assert read(wide, text) == {"columns": ["path=Photo", "label=A", "label=B"]}


def test_the_command_line_prevails(interface: PipelineInterface) -> None:
    """--set wins over the file, reads YAML, and takes a path from the folder one is in."""
    words = ("bucket=other", "prefix=", "labelmap={fox: raccoon}", "label_priority=['a > b']")
    assert read(interface, "bucket: b\ntrim_bottom: 3\n", *words) == {
        "bucket": "other",
        "trim_bottom": 3,
        "prefix": "",
        "labelmap": {"fox": "raccoon"},
        "label_priority": ["a > b"],
    }
    path = SAMPLE / "raccoon_labelmap.json"
    assert read(interface, "", f"labelmap_path={path}")["labelmap"] == json.loads(path.read_text())


def test_nothing_leaves_the_pipeline_s_default(interface: PipelineInterface) -> None:
    """A key without a value is as if it weren't there."""
    text = "prefix:\nlink_images_by_label: {labelmap_path: null}\n"
    assert read(interface, text) == {}


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("retrain: {jobs: 4}\n", (), "retrain in {}: jobs is an option for work on one machine"),
        (
            "retrain: {bottleneck_dir: x}\n",
            (),
            "bottleneck_dir is an option for work on one machine",
        ),
        ("download_images: {shard: 0/2}\n", (), "shard is an option for work on one machine"),
        ("download_images: {only_new: true}\n", (), "only_new is an option for labelling"),
        ("local_data: x\n", (), "{}: local_data is a folder of one machine"),
        ("retrain: 3\n", (), "retrain in {} must hold keys and values, not 3"),
        ("retrain: false\n", (), "retrain in {} must hold keys and values, not false"),
        (
            "trim_bottom: 1\npreprocess_images: {trim_bottom: 2}\n",
            (),
            "trim_bottom is given twice",
        ),
        ("labelmap: {a: b}\nlabelmap_path: m.json\n", (), "There is no label map"),
        ("labelmap_path: 3\n", (), "labelmap's file must be a path, not 3"),
        ("shards: 0\n", (), "shards must be 1 to 1,000,000, not 0"),
        ("shards: []\n", (), "shards is empty"),
        (
            f"shards: {[f'{part}/41' for part in range(41)]}\n",
            (),
            "shards must have at most 40 parts, not 41",
        ),
        ("shards: [0/2, 0/2]\n", (), "shards must not overlap: shard 0 of 2 is in two"),
        ("shards: [0-5/9, 3-8/9]\n", (), "shards must not overlap: shard 3 of 9 is in two"),
        ("shards: [0/2, 1/3]\n", (), "shards must be parts of one number"),
        ("shards: [0-1000000/1000001]\n", (), "there can be at most 1,000,000 shards, not 1,0"),
        ("shards: [1/3]\n", (), "shards must be all of 3, but 0/3 is missing: for a part of"),
        ("shards: [0-3/9]\n", (), "shards must be all of 9, but 4-8/9 is missing"),
        ("shards: 9\npods: 41\n", (), "pods must be a whole number of 1 to 40"),
        ("shards: 9\npods: many\n", (), "pods must be a whole number of 1 to 40"),
        ("shards: 9\npods: true\n", (), "pods must be a whole number of 1 to 40"),
        ("pods: 4\n", (), "pods divides a number of shards, and needs one"),
        ("shards: [0/2, 1/2]\npods: 2\n", (), "pods divides a number of shards, and needs one"),
        ("shards: [2/2]\n", (), "{}: shard: I/N counts from 0"),
        ("gpu_node_selector: {gpu: true}\n", (), 'write gpu: "true", with quotes'),
        ("", ("bucket",), "--set: write NAME=VALUE"),
        ("", ("=b",), "--set: write NAME=VALUE"),
        ("", ("bucket=a", "bucket=b"), "bucket is given twice: 'a' (--set)"),
        ("[1]\n", (), "must hold keys and values"),
        ("a: 1\n---\nb: 2\n", (), "{}, line 2: not valid YAML"),
        ("a: [\n", (), "{}, line 2: not valid YAML"),
    ],
)
def test_what_can_t_be_used_is_refused(
    text: str, words: tuple[str, ...], told: str, interface: PipelineInterface
) -> None:
    """One sentence says where, what and why."""
    with pytest.raises(AutofocusError) as error:
        read(interface, text, *words)
    assert isinstance(error.value, SettingError | InputDataError | MissingInputError)
    assert told.format(interface.path.with_name("run.yaml")) in str(error.value)


def test_a_file_that_is_not_there_is_named(interface: PipelineInterface) -> None:
    """The sentence names the option."""
    with pytest.raises(MissingInputError, match=r"There is no file nowhere\.yaml \(--params\)"):
        gather(Path("nowhere.yaml"), (), interface)
