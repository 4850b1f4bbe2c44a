"""A component's interface, generated from the settings of its stages.

The settings give names, types, default values and descriptions; a component declares only its
artifacts, and the few parameters that aren't settings. kfp reads an interface from the signature
and the docstring of a function, so that is what is generated. Images are named when a component
is built, which is when a pipeline is compiled.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from kfp import dsl
from kfp.dsl import Input, Output

from autofocus.options.settings import Kind, Pair
from components.images import image
from components.stages import settings_of

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """A parameter or an artifact of a component or of a pipeline.

    Attributes:
        name: its name.
        type: its type, such as ``list[str]`` or ``Dataset``.
        help: its description; empty for none.
        default: the value where none is given; `REQUIRED` if it must be given.
    """

    name: str
    type: Any
    help: str
    default: Any = REQUIRED


PROGRESS = Parameter(
    "progress",
    str,
    "where a task keeps what it has finished, for another attempt: auto, beside its outputs; "
    "none; or an address such as s3://bucket/prefix",
    "auto",
)


def limit_rejected(stage: str, inputs: str) -> Parameter:
    """Return the limit of an earlier stage's rejected inputs, judged over all shards.

    Args:
        stage: the component of that stage.
        inputs: what its inputs are called.
    """
    text = f"abort if {stage} rejected a larger share of all {inputs}"
    return Parameter(f"{stage}_max_rejected", float, text, 0.1)


@dataclass(frozen=True)
class Component:
    """A component of pipelines.

    Attributes:
        name: the component's name.
        summary: what it does.
        inputs: the artifacts that it takes.
        outputs: the artifacts that it makes.
        arguments: its parameters besides the settings of its stages, see `stages_of`.
        image: the image that it runs in, without registry and tag; by default that of its name.
        command: the command in its image, which is given the executor input.
    """

    name: str
    summary: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]
    arguments: tuple[Parameter, ...] = ()
    image: str = ""
    command: tuple[str, ...] = ("python", "/component/main.py")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All its parameters: its arguments, and the settings of its stages."""
        return (
            *self.arguments,
            *(
                Parameter(name, _type(kind), text, _default(default))
                for name, kind, default, text in settings_of(self.name)
            ),
        )

    def build(self, *, described: bool = True) -> Any:
        """Return the component as kfp takes it, with the image as it is named now.

        Args:
            described: whether its parameters have their descriptions. A cluster hands them to
                each pod, and keeps them with the run several times for each task.

        Raises:
            SettingError: there is no tag for the image, or one that may move.
            InputDataError: the file of digests can't be read.
        """

        def start(*_: Any) -> dsl.ContainerSpec:
            return dsl.ContainerSpec(
                image=image(self.image or self.name),
                command=list(self.command),
                # A pipeline puts its call in place of `{{$}}`.
                args=["--executor_input", "{{$}}"],
            )

        artifacts = (
            *(Parameter(one.name, Input[one.type], one.help) for one in self.inputs),
            *(Parameter(one.name, Output[one.type], one.help) for one in self.outputs),
        )
        declared = [*artifacts, *self.parameters]
        if not described:
            declared = [replace(one, help="") for one in declared]
        declare(start, self.name, self.summary, declared, dsl.ContainerSpec)
        return dsl.container_component(start)


def declare(
    function: Callable[..., Any],
    name: str,
    summary: str,
    parameters: Iterable[Parameter],
    returns: Any = None,
) -> None:
    """Give a function the signature and the docstring from which kfp reads an interface.

    Args:
        function: the function, which takes the parameters' values in order.
        name: its name.
        summary: the beginning of its docstring.
        parameters: its parameters.
        returns: what it returns.
    """
    parameters = list(parameters)
    function.__name__ = name
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            # Of this kind those with a default may come before those without.
            inspect.Parameter(
                one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type
            )
            for one in parameters
        ],
        return_annotation=returns,
    )
    lines = [f"    {one.name}: {one.help}" for one in parameters if one.help]
    function.__doc__ = "\n".join([summary, "", "Args:", *lines])


def _type(kind: Kind) -> Any:
    base = str if kind.base is Pair else kind.base
    return list[base] if kind.many else base  # type: ignore[valid-type]


def _default(value: Any) -> Any:
    """Return a default as kfp takes it: no tuple, and an empty text for an unset option."""
    if value is None:
        return ""
    return list(value) if isinstance(value, tuple) else value
