"""Claims about the components' facts."""

import re
from datetime import datetime, timezone

import pytest
import yaml
from kfp.dsl import Dataset, Model

from components import metadata
from components.interface import Component, Parameter
from components.metadata import FOLDER, facts_of, path_of, render
from components.readme import COMPONENTS, interface_of

# The fields that Kubeflow's collection of components takes, in its order.
FIELDS = ["name", "stability", "dependencies", "tags", "lastVerified", "links"]
SEMANTIC_VERSION = r">=(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_facts_are_generated_from_the_interface(name: str) -> None:
    """The file is what `make readmes` writes now."""
    assert path_of(name).read_text(encoding="utf-8") == render(interface_of(name))


@pytest.mark.parametrize("name", COMPONENTS)
def test_kubeflow_s_collection_takes_the_facts(name: str) -> None:
    """Fields, their order, versions and the moment are as its check wants them."""
    facts = yaml.safe_load(path_of(name).read_text(encoding="utf-8"))
    assert list(facts) == FIELDS
    assert facts["name"] == name
    assert facts["stability"] in {"alpha", "beta", "stable"}
    dependencies = facts["dependencies"]
    assert set(dependencies) <= {"kubeflow", "external_services"}
    assert [one["name"] for one in dependencies["kubeflow"]] == ["Pipelines"]
    for one in (*dependencies["kubeflow"], *dependencies.get("external_services", ())):
        assert set(one) == {"name", "version"}
        assert re.fullmatch(SEMANTIC_VERSION, one["version"])
    assert isinstance(facts["lastVerified"], datetime)
    assert facts["lastVerified"].tzinfo == timezone.utc
    assert all(facts["links"].values())


def test_every_component_has_facts() -> None:
    """A folder with an interface is among the components for which files are generated."""
    assert {path.parent.name for path in FOLDER.glob("*/component.py")} == set(COMPONENTS)


def test_services_and_tags_follow_from_parameters_and_artifacts() -> None:
    """A bucket means S3, a tracking server MLflow; an output of type Model means training."""
    model = Parameter("model", Model, "")
    parts = Parameter("parts", list[Dataset], "")
    bucket, server = (Parameter(name, str, "") for name in ("bucket", "mlflow_tracking_uri"))

    def facts(
        inputs: list[Parameter], outputs: list[Parameter], *arguments: Parameter
    ) -> tuple[list[str], list[str]]:
        found = facts_of(Component("new", "", tuple(inputs), tuple(outputs), arguments))
        services = found["dependencies"].get("external_services", [])
        return found["tags"], [service["name"] for service in services]

    names = ["S3-compatible storage", "MLflow"]
    assert facts([parts], [model], bucket, server) == (
        ["camera-trap", "training", "s3", "mlflow"], names,
    )  # fmt: skip
    assert facts([model, parts], [parts]) == (["camera-trap", "inference"], [])
    assert facts([parts], [parts], server) == (
        ["camera-trap", "data-processing", "mlflow"], names[1:],
    )  # fmt: skip


def test_a_moment_is_no_text() -> None:
    """YAML reads the last verification as a moment, which Kubeflow's check requires."""
    text = render(interface_of("anchor"))
    assert f"lastVerified: {metadata.LAST_VERIFIED}\n" in text
