"""Write the pipelines as YAML, which a cluster runs and a person can read.

python -m pipelines.compile --outdir build/pipelines --registry registry.example.org/wildlife
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import OutputConflictError
from autofocus.options.command import Argument
from autofocus.options.settings import Kind
from autofocus.runs import files
from autofocus.runs.outputs import check_outputs
from components.images import REGISTRY, TAG
from pipelines.command import ModuleCommand

NAME = "pipelines.compile"
# Read by `pipelines.tasks` when a pipeline is built.
STORAGE_CLASS = "AUTOFOCUS_STORAGE_CLASS"
# How kfp begins each pipeline.
_MARK = b"# PIPELINE DEFINITION"
_SCRATCH = ".unfinished"
# File names without their ends, and the functions that build the pipelines.
PIPELINES = {
    "train": ("pipelines.train", "train"),
    "train-gpu": ("pipelines.train", "train_gpu"),
    "train-cpu": ("pipelines.train", "train_cpu"),
    "label": ("pipelines.label", "label"),
    "label-registered": ("pipelines.label_registered", "label_registered"),
}


@dataclass(frozen=True)
class CompiledPipelines:
    """The compiled pipelines.

    Attributes:
        paths: the YAML files.
        images: the images that they name.
    """

    paths: tuple[Path, ...]
    images: tuple[str, ...]

    def __str__(self) -> str:
        """Return one line per file and image."""
        return "\n".join([*(f"wrote {path}" for path in self.paths), *self.images])


def compile_pipelines(
    outdir: Path,
    registry: str | None = None,
    tag: str | None = None,
    storage_class: str | None = None,
) -> CompiledPipelines:
    """Write all pipelines; the output is deterministic.

    Args:
        outdir: the folder to write to.
        registry: the registry in the images' names; by default the variable `REGISTRY`.
        tag: the images' tag; by default the variable `TAG`, else that of the working tree.
        storage_class: the storage class of scratch volumes; by default scratch is on the node.

    Raises:
        SettingError: the images' tag may move, or there is none.
        OutputConflictError: another file stands in the place of a pipeline.
    """
    _check_places([_path(outdir, name) for name in PIPELINES], outdir)
    chosen = {REGISTRY: registry, TAG: tag, STORAGE_CLASS: storage_class}
    os.environ |= {name: value for name, value in chosen.items() if value is not None}
    compiled = _compile(outdir)
    _note_registry(compiled.images)
    return compiled


def _path(outdir: Path, name: str) -> Path:
    return outdir / f"{name}.yaml"


def _check_places(paths: Sequence[Path], outdir: Path) -> None:
    """Check that only pipelines are overwritten."""
    check_outputs(paths, [outdir, outdir / _SCRATCH])
    for path in paths:
        if path.exists() and not files.read_plain(path).startswith(_MARK):
            raise OutputConflictError(
                f"{path} exists and is no compiled pipeline: move it away, or choose another "
                "--outdir."
            )


def _note_registry(images: tuple[str, ...]) -> None:
    """Report images that a cluster has no way to pull."""
    if "/" not in images[0]:
        print(
            f"note: the images have no registry, so that a cluster can't pull {images[0]}: give "
            f"--registry, or the variable {REGISTRY}.",
            file=sys.stderr,
        )


def _compile(outdir: Path) -> CompiledPipelines:
    import importlib

    import yaml
    from kfp import compiler

    paths, images = [], set()
    for name, (module, function) in PIPELINES.items():
        path = _path(outdir, name)
        pipeline = getattr(importlib.import_module(module), function)()
        with files.whole_file(path, outdir / _SCRATCH) as unfinished:
            # kfp goes by the name's end.
            written = unfinished.with_suffix(".yaml")
            compiler.Compiler().compile(pipeline, str(written))
            written.replace(unfinished)
        paths.append(path)
        specification, *_ = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        executors = specification["deploymentSpec"]["executors"].values()
        images |= {item["container"]["image"] for item in executors if "container" in item}
    (outdir / _SCRATCH).rmdir()
    return CompiledPipelines(tuple(paths), tuple(sorted(images)))


COMMAND = ModuleCommand(
    name=NAME,
    summary="Write the pipelines as YAML.",
    example="python -m pipelines.compile --outdir build/pipelines",
    function=compile_pipelines,
    arguments=(
        Argument("outdir", "the folder to write to", default=Path("build/pipelines")),
        Argument(
            "registry",
            f"registry in the images' names; by default the variable {REGISTRY}",
            Kind(str),
            required=False,
        ),
        Argument(
            "tag",
            f"the images' tag; by default the variable {TAG}, else that of the working tree",
            Kind(str),
            required=False,
        ),
        Argument(
            "storage_class",
            "storage class of volumes for scratch folders; by default they are on the node's disk",
            Kind(str),
            required=False,
        ),
    ),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
