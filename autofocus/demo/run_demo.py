"""All stages on a synthetic sample: what `make run` does.

    autofocus demo --outdir results/

Makes the sample, serves it from a real S3 server on this machine, and runs every stage on its
bucket. Started again, it reuses what is complete.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import autofocus
from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.make_sample import DEMO_SAMPLE, SampleResult, make_sample
from autofocus.demo.uploading import UploadResult, upload_folder
from autofocus.errors import SettingError, StoreError
from autofocus.options.command import Argument, Command
from autofocus.run import LOCAL_DATA, RunResult, read_parameters, run
from autofocus.runs.outputs import check_outputs

NAME = "demo"


@dataclass(frozen=True)
class DemoResult:
    """The result of the demo.

    Attributes:
        sample: the synthetic data set.
        uploaded: what was uploaded to the bucket.
        result: the run of all stages.
    """

    sample: SampleResult
    uploaded: UploadResult
    result: RunResult

    def __str__(self) -> str:
        """Return the summary, and where to look."""
        training = self.result.training
        return "\n".join(
            [
                str(self.sample),
                f"bucket: {self.uploaded}",
                str(self.result),
                "",
                "All images are SYNTHETIC: these metrics say nothing about real ones.",
                f"  accuracy:    {training.folds_in_words or training.accuracy_in_words}",
                f"  report:      {training.outputs['report']}",
                f"  MLflow:      {training.tracking_uri} (to browse it: mlflow ui)",
            ]
        )


def demo(params: Path | None, outdir: Path, workdir: Path = Path("demo")) -> DemoResult:
    """Make a sample, serve it, and run all stages on it.

    Args:
        params: the parameter file of the run; None for the one that comes with the package.
        outdir: the output folder of the run.
        workdir: the folder of the sample and of the server's data.

    Raises:
        AutofocusError: a stage failed.
    """
    params = params or sample_data() / "run.yaml"
    bucket = bucket_of(params)
    check_outputs(folders=[outdir, workdir])
    _report("making a synthetic sample")
    sample = make_sample(workdir / "sample", DEMO_SAMPLE)
    _report("starting a local S3 server (SeaweedFS, on 127.0.0.1)")
    with LocalS3Server(workdir / "s3") as server, server.as_default():
        try:
            uploaded = upload_folder(sample.bucket, bucket)
        except StoreError as error:
            raise StoreError(f"{error} The server's log is {server.log}.") from None
        return DemoResult(sample, uploaded, run(params, outdir))


def sample_data() -> Path:
    """Return the folder of the label map, the rules and the parameter file for the sample.

    It is part of the installed package; in a checkout of the repository it is at the top.
    """
    package = Path(autofocus.__file__).parent
    installed = package / "sample_data"
    return installed if installed.is_dir() else package.parent / "sample_data"


def bucket_of(params: Path) -> str:
    """Return the bucket that a parameter file names.

    Raises:
        AutofocusError: the file can't be used, or takes its data from a folder.
    """
    download = read_parameters(params).arguments.get("download_images")
    if download is None:
        raise SettingError(f"{params}: the demo downloads from a bucket: remove {LOCAL_DATA}.")
    return str(download["bucket"])


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


COMMAND = Command(
    name=NAME,
    summary="Make a synthetic sample, serve it from a local S3 server, and run all stages on it.",
    example="autofocus demo --outdir results/",
    function=demo,
    arguments=(
        Argument("params", "parameter file (default: the one in the package)", required=False),
        Argument("outdir", "output folder of the run", default=Path("results")),
        Argument("workdir", "folder of the sample and the server's data", default=Path("demo")),
    ),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
