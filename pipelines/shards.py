"""The fan-out: each shard of a bucket is downloaded and preprocessed by itself, side by side."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input

from components.download.component import download
from components.interface import REQUIRED, Component, Parameter
from components.preprocess.component import preprocess
from pipelines.resources import resource_parameters
from pipelines.settings import MANIFEST, S3_SECRET, SHARDS
from pipelines.tasks import equip, with_s3
from pipelines.wiring import Arguments, build_pipeline, parameters_of, start


class Shards(NamedTuple):
    """The outputs of all shards: lists with one artifact per shard."""

    tables: list[Dataset]
    preprocessed: list[Dataset]
    image_properties: list[Dataset]


def prepare_shard(shard: Any, arguments: Arguments) -> tuple[dsl.PipelineTask, dsl.PipelineTask]:
    """Download one shard and preprocess it; call it within a loop over shards.

    Args:
        shard: the loop's item.
        arguments: the pipeline's values by parameter, and the anchor.

    Returns:
        Both tasks.
    """
    downloaded = equip(start(download, arguments, shard=shard), arguments)
    images = downloaded.outputs["images"]
    prepared = equip(start(preprocess, arguments, images=images), arguments)
    return with_s3(downloaded, arguments["s3_secret"]), prepared


def prepare_shards(parameters: Iterable[Parameter]) -> Any:
    """Return a pipeline that downloads and preprocesses each shard.

    Args:
        parameters: those of the pipeline around it.
    """
    return build_inner(
        "prepare-shards",
        "Download and preprocess each shard.",
        (download, preprocess),
        parameters,
        _prepare,
        returns=Shards,
    )


def _prepare(arguments: Arguments) -> Shards:
    with dsl.ParallelFor(arguments["shards"]) as shard:
        downloaded, prepared = prepare_shard(shard, arguments)
    return Shards(
        dsl.Collected(downloaded.outputs["tables"]),
        dsl.Collected(prepared.outputs["preprocessed"]),
        dsl.Collected(prepared.outputs["image_properties"]),
    )


# Looping within a pipeline of its own keeps a run's graph legible, and lets the lists be
# collected into typed outputs.
def build_inner(
    name: str,
    summary: str,
    components: tuple[Component, ...],
    parameters: Iterable[Parameter],
    body: Callable[[Arguments], Any],
    artifacts: Iterable[Parameter] = (),
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
        returns: the type of its outputs.
    """
    offered = {one.name for one in parameters}
    needed = parameters_of(components, (MANIFEST, S3_SECRET, SHARDS))
    resources = resource_parameters(*(component.name for component in components))
    taken = (
        Parameter("anchor", Input[Dataset], ""),
        *artifacts,
        *(replace(one, default=REQUIRED) for one in needed if one.name in offered),
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
