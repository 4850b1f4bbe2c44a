"""Claims about the components' READMEs and interfaces."""

import dataclasses
import os
import subprocess
import sys

import pytest

from components.readme import COMPONENTS, interface_of, path_of, render
from components.stages import STAGES
from tests.components.calling import OUTPUTS


@pytest.fixture(autouse=True)
def _tag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG", "1.2.3")


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_readme_is_generated_from_the_interface(name: str) -> None:
    """The README is what `make readmes` writes now."""
    assert path_of(name).read_text(encoding="utf-8") == render(name)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_has_the_outputs_that_its_callers_expect(name: str) -> None:
    """The outputs are those by which its program is called elsewhere in the tests."""
    assert {output.name for output in interface_of(name).outputs} == set(OUTPUTS[name])


@pytest.mark.parametrize("name", COMPONENTS)
def test_kfp_reads_the_whole_interface(name: str) -> None:
    """Kfp finds every input with its description, and requires those without a default."""
    interface, spec = interface_of(name), interface_of(name).build().component_spec
    declared = (*interface.inputs, *interface.parameters)
    assert {one.name: one.help for one in declared if one.help} == {
        one: spec.inputs[one].description for one in spec.inputs or ()
    }


def test_a_setting_is_handed_to_kfp_as_it_is_declared() -> None:
    """Types and defaults are the settings' own: a tuple is a list, an unset option is empty."""
    inputs = interface_of("retrain").build().component_spec.inputs
    forms = {name: (inputs[name].type, inputs[name].default) for name in inputs}
    assert forms["empty_labels"] == ("List[String]", ["empty"])
    assert forms["learning_rate"] == ("Float", 0.01)
    assert forms["folds"] == ("Integer", 0)
    assert forms["multilabel"] == ("Boolean", False)
    assert interface_of("download").build().component_spec.inputs["endpoint_url"].default == ""


@pytest.mark.parametrize("name", STAGES)
def test_excluded_settings_exist(name: str) -> None:
    """A setting that is renamed doesn't stay among those that a component excludes."""
    settings = {field.name for field in dataclasses.fields(STAGES[name].settings)}
    assert settings >= STAGES[name].excluded


def test_importing_a_component_starts_no_program() -> None:
    """Images are named when a component is built, so that an import needs no git and no tag."""
    environment = {key: value for key, value in os.environ.items() if key != "TAG"}
    words = "import subprocess; subprocess.run = None; import components.clean.component"
    subprocess.run(
        [sys.executable, "-c", f"{words}, pipelines.train, pipelines.label"],
        check=True,
        env=environment,
    )
