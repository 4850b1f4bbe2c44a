"""Write the pipelines as YAML, which a cluster runs and a person can read.

python -m pipelines.compile --outdir build/pipelines
"""

from dataclasses import dataclass
from pathlib import Path

from autofocus.common import files
from autofocus.common.command import Argument
from pipelines.command import ModuleCommand

NAME = "pipelines.compile"
# File names without their ends, and where the pipelines are.
PIPELINES = {
    "train": ("pipelines.train", "train"),
    "train-cpu": ("pipelines.train", "train_cpu"),
    "label": ("pipelines.label", "label"),
}


@dataclass(frozen=True)
class Compiled:
    """What was written.

    Attributes:
        paths: the YAML files.
        images: the images that they name.
    """

    paths: tuple[Path, ...]
    images: tuple[str, ...]

    def __str__(self) -> str:
        """Return both, a line each."""
        return "\n".join([*(f"wrote {path}" for path in self.paths), *self.images])


def compile_pipelines(outdir: Path) -> Compiled:
    """Write all pipelines; the same code and images give the same bytes.

    Args:
        outdir: the folder to write to.

    Raises:
        SettingError: images have a tag that may mean something else tomorrow.
    """
    import importlib

    import yaml
    from kfp import compiler

    paths, images = [], set()
    for name, (module, function) in PIPELINES.items():
        path = outdir / f"{name}.yaml"
        pipeline = getattr(importlib.import_module(module), function)
        with files.whole_file(path, outdir / ".unfinished") as unfinished:
            # kfp goes by the name's end.
            written = unfinished.with_suffix(".yaml")
            compiler.Compiler().compile(pipeline, str(written))
            written.replace(unfinished)
        paths.append(path)
        specification, *_ = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        executors = specification["deploymentSpec"]["executors"].values()
        images |= {item["container"]["image"] for item in executors if "container" in item}
    (outdir / ".unfinished").rmdir()
    return Compiled(tuple(paths), tuple(sorted(images)))


COMMAND = ModuleCommand(
    name=NAME,
    summary="Write the pipelines as YAML.",
    example="python -m pipelines.compile --outdir build/pipelines",
    function=compile_pipelines,
    arguments=(Argument("outdir", "the folder to write to", default=Path("build/pipelines")),),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
