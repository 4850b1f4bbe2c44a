"""Claims about the checks of a run's values before anything is started."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from autofocus.errors import SettingError
from components.stages import STAGES
from pipelines.checks import check_settings, check_values
from pipelines.compile import PIPELINES
from pipelines.inputs import read_inputs
from pipelines.interface import ParameterValue, PipelineInterface, load_documents, read_interface
from pipelines.names import parameter_name
from pipelines.parameters import MOST_PODS, gather

LEAST = {"bucket": "photographs", "manifest": "unchecked-1"}
MODEL = {"model_uri": "s3://photographs/model"}
REGISTERED = {"registered_model": "raccoons@champion", "mlflow_tracking_uri": "http://mlflow"}
MORE = {"label": MODEL, "label-registered": REGISTERED}
NEEDED = {name: {**LEAST, **MORE.get(name, {})} for name in PIPELINES}


@pytest.fixture(scope="module")
def interfaces(folder: Path) -> dict[str, PipelineInterface]:
    return {name: read_interface(folder / f"{name}.yaml") for name in PIPELINES}


def given(values: Mapping[str, Any], where: str = "run.yaml") -> dict[str, ParameterValue]:
    return {name: ParameterValue(value, where) for name, value in values.items()}


def error(interface: PipelineInterface, values: Mapping[str, Any]) -> str:
    with pytest.raises(SettingError) as caught:
        check_settings(interface, given(LEAST, "least") | given(values))
    return str(caught.value)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_pipelines_defaults_are_fine(
    interfaces: dict[str, PipelineInterface], name: str
) -> None:
    """With what must be given and nothing else, no stage rejects a value."""
    check_settings(interfaces[name], given(NEEDED[name]))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"trim_bottom": -3}, "trim_bottom must not be negative, but is -3."),
        ({"view": "up"}, "view must be one of full, motion, detector, combined, both, auto"),
        ({"sample": -1}, "sample must not be negative, but is -1."),
        ({"manifest": "abc"}, "manifest must be the digest"),
        ({"endpoint_url": "seaweedfs:8333"}, "endpoint_url must begin with http"),
        ({"progress": "gs://b/x"}, "progress must be auto, none or s3://BUCKET/PREFIX"),
        ({"output_prefix": "/labels"}, "output_prefix: '/labels' makes odd keys"),
        ({"extensions": []}, "extensions: give at least one"),
        ({"extensions": [1]}, "extensions must be text, not 1."),
        ({"date_format": "year"}, "date_format must be one of"),
        ({"strip_components": -1}, "strip_components must not be negative"),
        ({"threshold_value": 2.0}, "threshold_value must be a share, 0 to 1, not 2.0."),
        ({"location_pattern": "("}, "location_pattern: '(' is no regular expression"),
        ({"fine_tune_layers": 1, "view": "both"}, "fine_tune_layers needs a single view"),
        ({"testing_percentage": 95}, "testing_percentage and validation_percentage add up"),
    ],
)
def test_the_stages_settings_decide(
    interfaces: dict[str, PipelineInterface], values: dict[str, Any], told: str
) -> None:
    """Ranges, choices, patterns and combinations are those of the command line."""
    assert error(interfaces["train"], values).startswith(f"run.yaml: {told}")


def test_a_parameter_is_called_by_the_name_that_the_pipeline_has(
    interfaces: dict[str, PipelineInterface],
) -> None:
    """Where several stages have an option, the sentence names the parameter of the right one."""
    assert error(interfaces["train"], {"link_max_rejected": 3}) == (
        "run.yaml: link_max_rejected must be a share, 0 to 1, not 3.0."
    )


def test_all_who_gave_the_values_are_named(interfaces: dict[str, PipelineInterface]) -> None:
    """Two values that don't go together may come from two places, which both are named."""
    values = given(LEAST) | given({"view": "both"}, "retrain in run.yaml")
    values |= given({"fine_tune_layers": 1}, "--set")
    with pytest.raises(SettingError, match=r"^retrain in run\.yaml and --set: fine_tune_layers"):
        check_settings(interfaces["train"], values)


def test_a_default_that_can_t_be_used_is_the_pipeline_s(
    interfaces: dict[str, PipelineInterface],
) -> None:
    """A pipeline that was compiled with a wrong default is named as the place."""
    train = interfaces["train"]
    wrong = dataclasses.replace(train.parameters["trim_top"], default=-1)
    changed = dataclasses.replace(train, parameters={**train.parameters, "trim_top": wrong})
    assert error(changed, {}) == f"{train.path}: trim_top must not be negative, but is -1."


def test_stages_that_a_pipeline_lacks_decide_nothing(
    interfaces: dict[str, PipelineInterface],
) -> None:
    """Only the settings of a pipeline's own stages are made."""
    train = interfaces["train"]
    without = dataclasses.replace(train, stages=train.stages - {"preprocess"})
    check_settings(without, given({**LEAST, "trim_bottom": -3}))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"bucket": "s3://b"}, "bucket must be the name alone, without s3:// or /, not 's3://b'."),
        ({"bucket": " "}, "bucket must be the name alone"),
        ({"indir": "/data"}, "indir must name a folder below the bucket's root"),
        ({"indir": "a/../../b"}, "indir must name a folder below the bucket's root"),
        ({"shards": ["0/2", "0/2"]}, "shards must not overlap: shard 0 of 2 is in two"),
        ({"shards": []}, "shards is empty"),
        ({"detections": []}, "detections must be a list of names such as"),
        ({"detections": [1]}, "detections must be a list of names such as"),
        ({"detections": ["../a.csv"]}, "detections: '../a.csv' must name tables below the data"),
        ({"labelmap": {"fox": " "}}, "labelmap maps 'fox' to ' ': it must map to a label."),
        ({"labelmap": {2: "fox"}}, "labelmap names the label 2: it must be text"),
        ({"label_priority": ["a > b", "c"]}, "label_priority, line 2: 'c' is no rule"),
        ({"label_priority": ["# none"]}, "label_priority holds no rule"),
        ({"s3_secret": "My_Secret"}, "s3_secret must be a secret's name"),
        ({"s3_secret": ""}, "s3_secret must be a secret's name"),
        ({"mlflow_secret": "a b"}, "mlflow_secret must be a secret's name"),
        ({"accelerator_type": "gpu"}, "accelerator_type must be a resource of nodes such as"),
        ({"accelerator_count": "two"}, "accelerator_count must be a whole number of 0 or more"),
        ({"accelerator_count": "-1"}, "accelerator_count must be a whole number of 0 or more"),
        ({"gpu_node_selector": {"gpu": "a b"}}, "gpu_node_selector must map labels to values of"),
        ({"gpu_node_selector": {"gpu": True}}, "gpu_node_selector must map labels to values of"),
    ],
)
def test_what_is_no_setting_is_checked_too(
    interfaces: dict[str, PipelineInterface], values: dict[str, Any], told: str
) -> None:
    """Label map, rules, names of tables, of Kubernetes and the like are checked as well."""
    assert error(interfaces["train"], values).startswith(f"run.yaml: {told}")


@pytest.mark.parametrize(
    "values",
    [
        {"labelmap": {"fox": "animal"}, "label_priority": ["human > *", "", "a > b # comment"]},
        {"accelerator_type": "nvidia.com/mig-1g.5gb", "accelerator_count": "0"},
        {"gpu_node_selector": {}, "indir": "photographs/2016"},
        {"gpu_node_selector": {"cloud.google.com/gke-accelerator": "nvidia-l4"}},
        {"date_format": "", "endpoint_url": "", "location_column": ""},
        {"detections": ["**/*.csv", "lpz_data/detections_2016.csv"]},
    ],
)
def test_what_the_stages_take_passes(
    interfaces: dict[str, PipelineInterface], values: dict[str, Any]
) -> None:
    """Values that no stage would reject are not rejected here."""
    check_settings(interfaces["train"], given({**LEAST, **values}))


@pytest.mark.parametrize(
    ("uri", "passes"), [("s3://b/model", True), ("/model", True), ("model", False)]
)
def test_a_model_has_an_address_or_a_path(
    interfaces: dict[str, PipelineInterface], uri: str, passes: bool
) -> None:
    """A model is in an object store, or on this machine; a relative path is rejected."""
    values = given({**LEAST, "model_uri": uri})
    if passes:
        check_settings(interfaces["label"], values)
    else:
        with pytest.raises(SettingError, match="model_uri must be where the model is"):
            check_settings(interfaces["label"], values)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"registered_model": "raccoons"}, "raccoons names no version of registered_model: w"),
        ({"registered_model": ""}, "write NAME@ALIAS, such as raccoons@champion, or NAME/VERSION"),
        ({"mlflow_tracking_uri": ""}, "mlflow_tracking_uri must be the address of MLflow's"),
        ({"registered_model": "models:/raccoons/3"}, ""),
    ],
)
def test_a_registered_model_has_a_version(
    interfaces: dict[str, PipelineInterface], values: dict[str, str], told: str
) -> None:
    """It is named by an alias or a number, with MLflow's scheme or without."""
    whole = given({**LEAST, **REGISTERED, **values})
    if told:
        with pytest.raises(SettingError, match=told):
            check_settings(interfaces["label-registered"], whole)
    else:
        check_settings(interfaces["label-registered"], whole)


def test_a_registered_model_has_a_pipeline_of_its_own(
    interfaces: dict[str, PipelineInterface],
) -> None:
    """In place of an address in an object store, the message names the other pipeline."""
    values = given({**LEAST, "model_uri": "models:/raccoons@champion"})
    sentence = r"use the pipeline label-registered\.yaml instead, with registered_model=raccoons@"
    with pytest.raises(SettingError, match=sentence):
        check_settings(interfaces["label"], values)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_option_that_a_component_takes_is_checked(folder: Path, name: str) -> None:
    """What a pipeline hands to a component is the parameter that the check makes settings of."""
    path = folder / f"{name}.yaml"
    run = read_inputs(load_documents(path), NEEDED[name])
    handed = [
        (task.stage, option, value.source)
        for task in run.tasks
        for option, value in task.parameters.items()
        # The shard is the loop's item, and constants are none of the run's values.
        if task.stage in STAGES and value.source not in ("", "shards")
    ]
    assert len(handed) > 10
    for stage, option, source in handed:
        if option in STAGES[stage].kinds():
            assert source == parameter_name(stage, option)


@pytest.mark.parametrize("name", PIPELINES)
def test_all_checks_together_return_what_a_run_is_started_with(
    folder: Path, interfaces: dict[str, PipelineInterface], name: str
) -> None:
    """Values come back as the pipeline takes them, completed, and the most shards are accepted."""
    interface, documents = interfaces[name], load_documents(folder / f"{name}.yaml")
    words = (f"shards={MOST_PODS}", "trim_bottom=3.0", "ingest_cpu=0.1")
    values = gather(None, words, interface).values | given(NEEDED[name])
    assert check_values(documents, interface, values) == {
        **NEEDED[name],
        "shards": [f"{part}/{MOST_PODS}" for part in range(MOST_PODS)],
        "trim_bottom": 3,
        "ingest_cpu": "0.1",
        "ingest_cpu_request": "0.1",
    }


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"retrain_cpu": "many"}, "retrain_cpu must be a number of processors"),
        ({"trim_bottom": "auto"}, "give numbers, and those of cameras that differ as trim_by"),
        ({"trim_botom": 1}, "did you mean trim_bottom"),
        ({"trim_bottom": -3}, "trim_bottom must not be negative"),
        ({"labelmap": {f"label {n}": "animal" for n in range(5000)}}, "link would be handed"),
    ],
)
def test_all_checks_together_reject_what_one_rejects(
    folder: Path, interfaces: dict[str, PipelineInterface], values: dict[str, Any], told: str
) -> None:
    """Quantities, types, settings and sizes are all checked."""
    documents = load_documents(folder / "train.yaml")
    with pytest.raises(SettingError, match=told):
        check_values(documents, interfaces["train"], given({**LEAST, **values}))
