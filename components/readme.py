"""The components' READMEs, made from their interfaces.

python -m components.readme
"""

import importlib
import json
from pathlib import Path
from typing import Any

import docstring_parser

FOLDER = Path(__file__).parent
MADE_BY = "Made from [component.py](component.py) by `make readmes`; {program} runs in the image."
PROGRAM = "[main.py](main.py)"
# The component that isn't a stage, which runs in another's image.
ANCHOR = "[anchor.py](../../autofocus/containers/anchor.py)"
STAGES = ("download", "preprocess", "clean", "link", "retrain", "predict", "publish")
COMPONENTS = ("anchor", *STAGES)


def path_of(stage: str) -> Path:
    """Return where a component's README stands.

    Args:
        stage: the component's name.
    """
    return FOLDER / stage / "README.md"


def render(stage: str) -> str:
    """Return the text of a component's README."""
    component = getattr(importlib.import_module(f"components.{stage}.component"), stage)
    spec = component.component_spec
    told = docstring_parser.parse(component.pipeline_func.__doc__)
    sentences = {each.arg_name: " ".join((each.description or "").split()) for each in told.params}
    artifacts = {name: each for name, each in spec.inputs.items() if "@" in each.type}
    parameters = {name: each for name, each in spec.inputs.items() if name not in artifacts}
    return "\n".join(
        [
            f"# {stage}",
            "",
            str(told.short_description),
            "",
            MADE_BY.format(program=PROGRAM if stage in STAGES else ANCHOR),
            "",
            *_artifacts("Input", artifacts, sentences),
            *_artifacts("Output", spec.outputs, sentences),
            "| parameter | type | default | |",
            "|---|---|---|---|",
            *(
                f"| `{name}` | {each.type} | {_default(each)} | {_cell(sentences[name])} |"
                for name, each in parameters.items()
            ),
            "",
        ]
    )


def _artifacts(heading: str, artifacts: dict[str, Any], sentences: dict[str, str]) -> list[str]:
    if not artifacts:
        return []
    rows = [
        f"| `{name}` | {_type(each)} | {_cell(sentences[name])} |"
        for name, each in artifacts.items()
    ]
    return [f"| {heading.lower()} | type | |", "|---|---|---|", *rows, ""]


def _type(artifact: Any) -> str:
    name: str = artifact.type.removeprefix("system.").partition("@")[0]
    return f"list of {name}" if artifact.is_artifact_list else name


def _default(parameter: Any) -> str:
    return "required" if not parameter.optional else f"`{json.dumps(parameter.default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for each in COMPONENTS:
        path_of(each).write_text(render(each), encoding="utf-8")
        print(f"wrote {path_of(each)}")
