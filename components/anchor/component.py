"""The interface of the anchor component."""

from kfp import dsl
from kfp.dsl import Dataset, Output

from components.images import image


@dsl.container_component
def anchor(anchor: Output[Dataset], cache_salt: str = "") -> dsl.ContainerSpec:
    """Write a tiny artifact that all other tasks of a run depend on.

    With it, a list whose artifacts are partly from the cache can be downloaded; see
    autofocus/containers/anchor.py for the reason.

    Args:
        anchor: an artifact that the tasks that take lists take, too
        cache_salt: any text; with another one, no task reuses the results of earlier runs
    """
    return dsl.ContainerSpec(
        # The smallest image, and one that every run needs next.
        image=image("download"),
        command=["python", "-m", "autofocus.containers.anchor"],
        args=["--executor_input", "{{$}}"],
    )
