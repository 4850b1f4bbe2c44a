"""What tests of stage 0 have in common: filling a bucket, and looking at what has arrived."""

import csv
import os
import sys
from pathlib import Path

from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from tests.conftest import S3

STAGE = Path(__file__).parents[1] / "autofocus" / "download_images.py"


def files(folder: Path) -> dict[str, bytes]:
    """Return all visible files of a folder, by their relative paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".autofocus" not in path.parts
    }


def objects(folder: Path) -> dict[str, bytes]:
    """Return all files but the ledger."""
    return {name: content for name, content in files(folder).items() if name != "ledger.csv"}


def ledger(folder: Path) -> dict[str, tuple[str, str]]:
    """Return each input's status and reason."""
    with (folder / "ledger.csv").open(newline="", encoding="utf-8") as file:
        return {row["input"]: (row["status"], row["reason"]) for row in csv.DictReader(file)}


def fill(s3: S3, number: int, size: int = 100) -> dict[str, bytes]:
    """Put so many images into the bucket, and return them."""
    images = {
        f"lpz_data/images_{2016 + n % 2}/IMG_{n:04}.JPG": (b"%d," % n * size)[:size]
        for n in range(number)
    }
    for key, content in images.items():
        s3.put(key, content)
    return images


def command(folder: Path, bucket: str, *options: str) -> list[str]:
    """Return the stage as a person calls it."""
    here = [sys.executable, str(STAGE), "--local_folder", str(folder), "--bucket", bucket]
    return [*here, *options]


def landed(folder: Path) -> int:
    """Count the images below a folder in which somebody is at work."""
    return sum(name.endswith(".JPG") for _, _, names in os.walk(folder) for name in names)


def manifest_of(s3: S3, folder: Path) -> str:
    """Return the manifest that a dry run tells."""
    result = download_images(folder, s3.bucket, DownloadSettings(dry_run=True))
    return str(result).partition("manifest: ")[2].split()[0]
