"""Tests that a component, its stage and its README say the same."""

import importlib
from dataclasses import fields
from typing import Any

import pytest

from autofocus.clean_detections import CleanSettings
from autofocus.download_images import DownloadSettings
from autofocus.link_images_by_label import LinkSettings
from autofocus.options.settings import Kind, kinds
from autofocus.predict import PredictSettings
from autofocus.preprocess_images import PreprocessSettings
from autofocus.publish_labels import PublishSettings
from autofocus.retrain_settings import RetrainSettings
from components.readme import COMPONENTS, STAGES, path_of, render
from tests.components.calling import OUTPUTS

SETTINGS: dict[str, type[Any]] = {
    "download": DownloadSettings,
    "preprocess": PreprocessSettings,
    "clean": CleanSettings,
    "link": LinkSettings,
    "retrain": RetrainSettings,
    "predict": PredictSettings,
    "publish": PublishSettings,
}
# Places on one machine, and what a component decides by itself.
ONLY_ON_ONE_MACHINE = {
    "dry_run",
    "allow_empty",
    "motion_boxes",
    "motion_drawings",
    "copy",
    "links_only",
    "labelmap_path",
    "label_priority_path",
    "preparation_path",
    "bottleneck_dir",
    "summaries_dir",
    "output_labels",
}
# What a shard is already: whole folders, all photographs that preprocess gave of it. And
# what belongs to boxes alone, which retrain and predict find by themselves.
NOT_OF_ONE_SHARD = {"predict": {"table", "shard"}, "preprocess": {"location_pattern"}}
# What isn't a setting of the stage: its arguments, and what stands for a file of settings.
BESIDES = {
    "download": {"bucket"},
    "preprocess": {"indir"},
    # The shards' limits, which are checked where the shards come together.
    "clean": {"detections", "download_max_rejected", "preprocess_max_rejected"},
    "link": {"labelmap", "label_priority"},
    "retrain": {"mlflow_tracking_uri"},
    "predict": {"indir"},
    "publish": {
        "bucket",
        "download_max_rejected",
        "preprocess_max_rejected",
        "predict_max_rejected",
    },
}
TYPES = {str: "String", int: "Integer", float: "Float", bool: "Boolean"}


def interface(stage: str) -> Any:
    """Return what kfp made of a component."""
    module = importlib.import_module(f"components.{stage}.component")
    return getattr(module, stage).component_spec


def parameters(stage: str) -> dict[str, Any]:
    """Return a component's inputs that are no artifacts."""
    inputs = interface(stage).inputs
    return {name: each for name, each in inputs.items() if "@" not in each.type}


def type_of(kind: Kind) -> str:
    """Return kfp's name for a setting's type."""
    return f"List[{TYPES[kind.base]}]" if kind.many else TYPES[kind.base]


@pytest.mark.parametrize("stage", STAGES)
def test_a_component_has_the_settings_of_its_stage(stage: str) -> None:
    """Names, types and default values are those of the command line, but for what has no place."""
    known = kinds(SETTINGS[stage])
    expected = {}
    for field in fields(SETTINGS[stage]):
        left_out = ONLY_ON_ONE_MACHINE | NOT_OF_ONE_SHARD.get(stage, set())
        if field.name not in left_out:
            default = field.default
            # A pipeline can't pass nothing, and knows no tuples.
            default = "" if default is None else default
            default = list(default) if isinstance(default, tuple) else default
            expected[field.name] = (type_of(known[field.name]), default)
    found = {
        name: (each.type, each.default)
        for name, each in parameters(stage).items()
        if name not in BESIDES[stage]
    }
    assert found == expected


@pytest.mark.parametrize("stage", STAGES)
def test_a_component_takes_no_more_than_its_arguments_besides(stage: str) -> None:
    """What isn't a setting is listed here."""
    settings = {field.name for field in fields(SETTINGS[stage])}
    assert set(parameters(stage)) - settings == BESIDES[stage]


@pytest.mark.parametrize("stage", COMPONENTS)
def test_everything_of_an_interface_is_described(stage: str) -> None:
    """Each input has a sentence, which Kubeflow's pages show."""
    assert all(each.description for each in interface(stage).inputs.values())


@pytest.mark.parametrize("stage", COMPONENTS)
def test_a_component_gives_what_its_callers_expect(stage: str) -> None:
    """The outputs are those by which its program is called elsewhere in the tests."""
    assert set(interface(stage).outputs) == set(OUTPUTS[stage])


@pytest.mark.parametrize("stage", COMPONENTS)
def test_a_readme_is_made_from_the_interface(stage: str) -> None:
    """The README is what `make readmes` writes now."""
    assert path_of(stage).read_text(encoding="utf-8") == render(stage)
