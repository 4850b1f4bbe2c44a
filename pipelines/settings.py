"""The parameters of pipelines that aren't their components'."""

from components.interface import Parameter

MANIFEST = Parameter(
    "manifest",
    str,
    "digest of the bucket's listing, as autofocus download_images --dry-run prints it, "
    "or unchecked- and a new word; runs with the same manifest share their downloads",
)
S3_SECRET = Parameter(
    "s3_secret",
    str,
    "the Kubernetes secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "autofocus-s3",
)
MLFLOW_SECRET = Parameter(
    "mlflow_secret",
    str,
    "the Kubernetes secret with MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
    "MLFLOW_TRACKING_TOKEN; need not exist",
    "autofocus-mlflow",
)
SHARDS = Parameter(
    "shards",
    list[str],
    "all parts that the images are divided into, such as 0/2 and 1/2; a "
    "folder's images stay together",
    ["0/2", "1/2"],
)
