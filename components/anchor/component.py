"""The interface of the anchor component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter

anchor = Component(
    "anchor",
    """Write a tiny artifact that all other tasks of a run depend on.

With it, a list whose artifacts are partly from the cache can be downloaded; see
autofocus/containers/anchor.py for the reason.""",
    inputs=(),
    outputs=(
        Parameter(
            "anchor", Dataset, "an artifact that every task with a list of artifacts takes as well"
        ),
    ),
    arguments=(
        Parameter(
            "cache_salt",
            str,
            "any text; with another one, no task reuses the results of earlier runs",
            "",
        ),
    ),
    # An image that every run needs next.
    image="ingest",
    command=("python", "-m", "autofocus.containers.anchor"),
)
