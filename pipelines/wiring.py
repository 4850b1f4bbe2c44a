"""Handing a pipeline's parameters to its components by their names.

A pipeline's parameter has the name of the components' parameter. Where components share a name but
not the value, such as `max_rejected`, the component's name comes before it: `clean_max_rejected`.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from components.interface import Function, describe


def pick(component: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a component that a pipeline's parameters hold.

    Args:
        component: a component, or a pipeline that is used as one.
        given: the pipeline's parameters by name.
    """
    names = {name: _names(component, name) for name in component.component_spec.inputs}
    return {
        name: given[found]
        for name, candidates in names.items()
        for found in [next((each for each in candidates if each in given), None)]
        if found is not None
    }


def described_by(*components: Any) -> Callable[[Function], Function]:
    """Complete a pipeline's docstring by what its components say of their parameters.

    Args:
        components: those that the pipeline is made of.
    """

    def complete(function: Function) -> Function:
        helps: dict[str, str] = {}
        taken = inspect.signature(function).parameters
        for component in components:
            for name, spec in component.component_spec.inputs.items():
                found = next((each for each in _names(component, name) if each in taken), name)
                helps.setdefault(found, spec.description)
        return describe(function, helps)

    return complete


def _names(component: Any, name: str) -> tuple[str, str]:
    return f"{component.name}_{name}", name
