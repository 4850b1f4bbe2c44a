"""Pipelines whose parameters are generated from those of their components.

A pipeline's parameter has the name of the components' parameter, and the same name in several
components is the same parameter. Only `max_rejected` has a value for each component, so that the
component's name comes before it, as in `clean_max_rejected`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from kfp import dsl

from components.interface import Component, Parameter, declare
from pipelines.names import parameter_name

Arguments = Mapping[str, Any]


def parameters_of(
    components: Iterable[Component],
    own: Iterable[Parameter] = (),
    excluded: Collection[str] = (),
) -> tuple[Parameter, ...]:
    """Return the parameters of a pipeline.

    Args:
        components: those that the pipeline runs; of a parameter that several have, the first
            gives the description and the default.
        own: the pipeline's own parameters, which prevail over the components'.
        excluded: parameters of the components that the pipeline doesn't have.
    """
    collected = {one.name: one for one in own}
    for component in components:
        for parameter in component.parameters:
            name = parameter_name(component.name, parameter.name)
            if name not in excluded:
                collected.setdefault(name, replace(parameter, name=name))
    return tuple(collected.values())


def build_pipeline(
    name: str,
    summary: str,
    parameters: Iterable[Parameter],
    body: Callable[[Arguments], Any],
    returns: Any = None,
) -> Any:
    """Return a pipeline as kfp compiles it.

    Args:
        name: the pipeline's name.
        summary: what it does.
        parameters: what it takes.
        body: starts its tasks, given the values by parameter, and returns its outputs.
        returns: the type of its outputs.
    """
    parameters = tuple(parameters)
    names = [parameter.name for parameter in parameters]

    def run(*values: Any) -> Any:
        return body(dict(zip(names, values, strict=True)))

    declare(run, name, summary, parameters, returns)
    return dsl.pipeline(name=name)(run)


def start(component: Component, arguments: Arguments, **inputs: Any) -> dsl.PipelineTask:
    """Start a component as a task of a pipeline.

    Args:
        component: the component.
        arguments: the pipeline's values by parameter; those that the component takes are handed
            on, and the artifacts that have the name of one of its inputs.
        inputs: other values and artifacts.
    """
    names = {one.name: parameter_name(component.name, one.name) for one in component.parameters}
    names |= {one.name: one.name for one in component.inputs}
    values = {own: arguments[name] for own, name in names.items() if name in arguments}
    # The pipeline has the descriptions.
    return component.build(described=False)(**values | inputs)


def run_if(pipeline: Any, conditions: Mapping[str, str]) -> Any:
    """Return a pipeline in which tasks outside of loops run under conditions only.

    A condition of the specification on a task itself: `dsl.If` puts tasks into a graph of their
    own, which can't be handed lists of artifacts (see `pipelines.train`), and has two more pods.

    Args:
        pipeline: the pipeline; it is changed.
        conditions: by component, an expression in CEL over the inputs of its task.
    """
    tasks = pipeline.pipeline_spec.root.dag.tasks
    for name, condition in conditions.items():
        tasks[name.replace("_", "-")].trigger_policy.condition = condition
    return pipeline
