"""The components' READMEs, generated from their interfaces, as their facts are.

python -m components.readme
"""

import importlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from components import metadata
from components.images import TAG
from components.interface import REQUIRED, Component, Parameter
from components.stages import STAGES

FOLDER = Path(__file__).parent
MADE_BY = (
    "Generated from [component.py](component.py) by `make readmes`; {program} runs in the image."
)
PROGRAM = "[main.py](main.py)"
# Components that run another program: one that isn't a stage, and one with the stage of another.
PROGRAMS = {
    "anchor": "[anchor.py](../../autofocus/containers/anchor.py)",
    "fine_tune": "[retrain's main.py](../retrain/main.py)",
}
COMPONENTS = ("anchor", "ingest", *STAGES, "fetch_model")


def path_of(name: str) -> Path:
    """Return the path of a component's README."""
    return FOLDER / name / "README.md"


def render(name: str) -> str:
    """Return the text of a component's README."""
    component = interface_of(name)
    spec = component.build().component_spec
    return "\n".join(
        [
            f"# {name}",
            "",
            component.summary.partition("\n")[0],
            "",
            MADE_BY.format(program=PROGRAMS.get(name, PROGRAM)),
            "",
            *_artifacts("input", component.inputs, spec.inputs),
            *_artifacts("output", component.outputs, spec.outputs),
            "| parameter | type | default | |",
            "|---|---|---|---|",
            *(
                f"| `{one.name}` | {spec.inputs[one.name].type} | {_default(one)} "
                f"| {_cell(one.help)} |"
                for one in component.parameters
            ),
            "",
        ]
    )


def interface_of(name: str) -> Component:
    """Return a component's interface."""
    interface: Component = getattr(importlib.import_module(f"components.{name}.component"), name)
    return interface


def _artifacts(
    heading: str, artifacts: Iterable[Parameter], specs: Mapping[str, Any]
) -> list[str]:
    rows = [
        f"| `{one.name}` | {_type(specs[one.name])} | {_cell(one.help)} |" for one in artifacts
    ]
    return [f"| {heading} | type | |", "|---|---|---|", *rows, ""] if rows else []


def _type(artifact: Any) -> str:
    name: str = artifact.type.removeprefix("system.").partition("@")[0]
    return f"list of {name}" if artifact.is_artifact_list else name


def _default(parameter: Parameter) -> str:
    return "required" if parameter.default is REQUIRED else f"`{json.dumps(parameter.default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    # No README names an image's tag.
    os.environ.setdefault(TAG, "unnamed")
    for each in COMPONENTS:
        facts = metadata.render(interface_of(each))
        for path, text in ((path_of(each), render(each)), (metadata.path_of(each), facts)):
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
