"""Building the manifests of deploy/ with kubectl, as `kubectl apply -k` does."""

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
OVERLAYS = sorted(path.name for path in (DEPLOY / "overlays").iterdir() if path.is_dir())
# The ending of a file that shows what to write into one with credentials.
EXAMPLE = ".example"
# Of this environment: other ones on the machine build with other versions.
_KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"

Manifest = dict[str, Any]


def copy_deploy(folder: Path) -> Path:
    """Copy deploy/ as git has it, without anybody's credentials, and return the copy."""
    return Path(
        shutil.copytree(DEPLOY, folder / "deploy", ignore=shutil.ignore_patterns("*.env", "my-*"))
    )


def fill_in(overlay: Path) -> None:
    """Make the files of credentials from their examples."""
    for path in overlay.glob(f"*{EXAMPLE}"):
        shutil.copyfile(path, path.with_suffix(""))


def build(overlay: Path) -> "subprocess.CompletedProcess[str]":
    """Run kubectl kustomize."""
    return subprocess.run(
        [_KUBECTL, "kustomize", overlay], check=False, capture_output=True, text=True
    )


def objects_of(overlay: Path) -> list[Manifest]:
    """Return the objects of an overlay."""
    built = build(overlay)
    assert not built.returncode, built.stderr
    return [manifest for manifest in yaml.safe_load_all(built.stdout) if manifest]


def only(objects: list[Manifest], kind: str, name: str = "") -> Manifest:
    """Return the object of a kind; if there are several, that of a name."""
    (manifest,) = (
        one for one in objects if one["kind"] == kind and name in ("", one["metadata"]["name"])
    )
    return manifest
