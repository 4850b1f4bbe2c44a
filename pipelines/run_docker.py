"""The training pipeline on a synthetic sample, in Docker: what `make run-docker` does.

    python -m pipelines.run_docker --params sample_data/run.yaml --outdir results-docker

Makes the sample, serves it from a real S3 server on this machine, and runs the compiled pipeline
on six shards of its bucket in two pods.
"""

from dataclasses import dataclass
from pathlib import Path

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.make_sample import DEMO_SAMPLE, make_sample
from autofocus.demo.run_demo import bucket_of
from autofocus.demo.uploading import upload_folder
from autofocus.options.command import Argument
from pipelines.command import ModuleCommand
from pipelines.local import LocalRun, run_locally

NAME = "pipelines.run_docker"


@dataclass(frozen=True)
class DockerDemo:
    """The run on the sample.

    Attributes:
        run: the run of the pipeline.
        report: where the training's report is.
    """

    run: LocalRun
    report: Path

    def __str__(self) -> str:
        """Return the summary, and the path of the report."""
        return "\n".join(
            [
                str(self.run),
                "",
                "All images are SYNTHETIC: these metrics say nothing about real ones.",
                f"  report: {self.report}",
            ]
        )


def run_docker(
    params: Path, outdir: Path, pipeline: Path, shards: int = 6, workdir: Path = Path("demo")
) -> DockerDemo:
    """Make a sample, serve it, and run a pipeline on it in Docker.

    Args:
        params: the parameters of the run, as for `autofocus run`.
        outdir: the folder to write to.
        pipeline: the compiled pipeline.
        shards: the number of parts that the images are divided into.
        workdir: where the sample and the server's data are kept.

    Raises:
        AutofocusError: the error of the step that failed.
    """
    bucket = bucket_of(params)
    sample = make_sample(workdir / "sample", DEMO_SAMPLE)
    with LocalS3Server(workdir / "s3") as server, server.as_default():
        upload_folder(sample.bucket, bucket)
        more = [f"endpoint_url={server.endpoint_url}", f"shards={shards}", "pods=2"]
        run = run_locally(pipeline, outdir, params, more)
    return DockerDemo(run, outdir / "model" / "report.html")


COMMAND = ModuleCommand(
    name=NAME,
    summary="Run the training pipeline in Docker, on a synthetic sample from a local S3 server.",
    example="python -m pipelines.run_docker --params sample_data/run.yaml --outdir results-docker",
    function=run_docker,
    arguments=(
        Argument("params", "the parameters", default=Path("sample_data/run.yaml")),
        Argument("outdir", "the folder to write to", default=Path("results-docker")),
        Argument(
            "pipeline", "the compiled pipeline", default=Path("build/pipelines/train-cpu.yaml")
        ),
        Argument("workdir", "where sample and server are kept", default=Path("demo")),
    ),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
