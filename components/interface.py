"""What all components' interfaces share."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl

from components.images import image

Function = Callable[..., Any]


def container(stage: str) -> dsl.ContainerSpec:
    """Return how a stage's container is started; a pipeline puts its call in place of `{{$}}`."""
    return dsl.ContainerSpec(
        image=image(stage),
        command=["python", "/component/main.py"],
        args=["--executor_input", "{{$}}"],
    )


def described_by(settings: type) -> Callable[[Function], Function]:
    """Complete a component's docstring by the help texts of a stage's settings.

    Args:
        settings: the settings dataclass.
    """
    helps = {field.name: field.metadata["help"] for field in dataclasses.fields(settings)}
    return lambda function: describe(function, helps)


def describe(function: Function, helps: Mapping[str, str]) -> Function:
    """Complete the section `Args:` of a docstring, which kfp shows to people.

    What stands there already stays.

    Args:
        function: a component or pipeline; its docstring ends in that section.
        helps: sentences by parameter, of which only those of the function are taken.
    """
    text = inspect.cleandoc(function.__doc__ or "")
    lines = [
        f"    {name}: {helps[name]}"
        for name in inspect.signature(function).parameters
        if name in helps and f"\n    {name}:" not in text
    ]
    function.__doc__ = "\n".join([text, *lines])
    return function
