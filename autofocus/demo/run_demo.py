"""The whole job on a synthetic sample: what `make run` does.

    autofocus demo --params sample_data/run.yaml --outdir results/

Makes the sample, serves it from a real S3 server on this machine, and runs every stage from its
bucket. Started again it reuses what stands.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.make_sample import SampleResult, make_sample
from autofocus.demo.uploading import UploadResult, upload_folder
from autofocus.errors import SettingError
from autofocus.options.command import Argument, Command
from autofocus.run import LOCAL_DATA, RunResult, read_parameters, run

NAME = "demo"


@dataclass(frozen=True)
class DemoResult:
    """What the demo did.

    Attributes:
        sample: the synthetic data set.
        uploaded: what was put into the bucket.
        whole: the run of all stages.
    """

    sample: SampleResult
    uploaded: UploadResult
    whole: RunResult

    def __str__(self) -> str:
        """Return the account, and where to look."""
        training = self.whole.training
        return "\n".join(
            [
                str(self.sample),
                f"bucket: {self.uploaded}",
                str(self.whole),
                "",
                "All photographs are SYNTHETIC: these figures say nothing about real ones.",
                f"  accuracy:    {training.accuracy_in_words}",
                f"  report:      {training.outputs['report']}",
                f"  MLflow:      {training.tracking_uri} (look with: mlflow ui)",
            ]
        )


def demo(params: Path, outdir: Path, workdir: Path = Path("demo")) -> DemoResult:
    """Make a sample, serve it, and run all stages on it.

    Args:
        params: the parameters of the run.
        outdir: the folder that the run writes.
        workdir: where the sample and the server's data are kept.

    Raises:
        AutofocusError: of the step that could not go on.
    """
    bucket = bucket_of(params)
    _say("making a synthetic sample")
    sample = make_sample(workdir / "sample")
    _say("starting a local S3 server (SeaweedFS, on 127.0.0.1)")
    with LocalS3Server(workdir / "s3") as server, server.as_default():
        uploaded = upload_folder(sample.bucket, bucket)
        return DemoResult(sample, uploaded, run(params, outdir))


def bucket_of(params: Path) -> str:
    """Return the bucket that a parameter file names.

    Raises:
        AutofocusError: the file can't be used, or takes its data from a folder.
    """
    download = read_parameters(params).arguments.get("download_images")
    if download is None:
        raise SettingError(f"{params}: {LOCAL_DATA} takes no bucket: remove it for the demo.")
    return str(download["bucket"])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


COMMAND = Command(
    name=NAME,
    summary="Make a synthetic sample, serve it from a local S3 server, and run all stages on it.",
    example="autofocus demo --params sample_data/run.yaml --outdir results/",
    function=demo,
    arguments=(
        Argument("params", "the parameters", default=Path("sample_data/run.yaml")),
        Argument("outdir", "the folder that the run writes", default=Path("results")),
        Argument("workdir", "where sample and server are kept", default=Path("demo")),
    ),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
