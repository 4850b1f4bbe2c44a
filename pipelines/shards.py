"""The fan-out: pods that work side by side, each on some shards of a bucket."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from kfp import dsl
from kfp.dsl import Dataset, Input

from components.ingest.component import ingest
from components.interface import REQUIRED, Component, Parameter
from pipelines.resources import resource_parameters
from pipelines.settings import MANIFEST, S3_SECRET, SHARDS
from pipelines.tasks import equip, with_s3
from pipelines.wiring import Arguments, build_pipeline, parameters_of, start

# What depends on the machine, or is decided by the loop.
EXCLUDED = frozenset(
    {
        *("jobs", "download_jobs", "preprocess_jobs"),
        *("shard", "download_tar", "no_sign_request", "request_payer"),
    }
)


def ingest_pod(shard: Any, arguments: Arguments) -> dsl.PipelineTask:
    """Download and preprocess the shards of one pod; call it within a loop over shards.

    Args:
        shard: the loop's item.
        arguments: the pipeline's values by parameter, and the anchor.
    """
    ingested = equip(start(ingest, arguments, shard=shard), arguments)
    return with_s3(ingested, arguments["s3_secret"])


# Looping within a pipeline of its own keeps a run's graph legible, and lets the lists be
# collected into typed outputs.
def build_inner(
    name: str,
    summary: str,
    components: tuple[Component, ...],
    parameters: Iterable[Parameter],
    body: Callable[[Arguments], Any],
    artifacts: Iterable[Parameter] = (),
    more: Iterable[Parameter] = (),
    returns: Any = None,
) -> Any:
    """Return a pipeline over all shards that runs inside another one, see `run_inner`.

    Args:
        name: its name.
        summary: what it does.
        components: those that it runs for each shard.
        parameters: those of the pipeline around it, of which it takes what its components need.
        body: starts its tasks, given the values by parameter, and returns its outputs.
        artifacts: the artifacts that it takes besides the anchor.
        more: parameters of the pipeline around it that it takes as well.
        returns: the type of its outputs.
    """
    offered = {one.name for one in parameters}
    needed = parameters_of(components, (MANIFEST, S3_SECRET, SHARDS))
    resources = resource_parameters(*(component.name for component in components))
    taken = (
        Parameter("anchor", Input[Dataset], ""),
        *artifacts,
        *(replace(one, default=REQUIRED) for one in needed if one.name in offered),
        *(replace(one, default=REQUIRED) for one in more),
        *resources,
    )
    # The pipeline around it has the descriptions.
    return build_pipeline(name, summary, [replace(one, help="") for one in taken], body, returns)


def run_inner(inner: Any, arguments: Arguments) -> dsl.PipelineTask:
    """Start a pipeline inside another one.

    Args:
        inner: the pipeline; kfp builds none while it builds another.
        arguments: values and artifacts by name, of which those that it takes are handed on.
    """
    return inner(**{name: arguments[name] for name in inner.component_spec.inputs})
