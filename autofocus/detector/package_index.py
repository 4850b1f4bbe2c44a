"""Fetching a wheel from the package index with pip, pinned by its digest."""

import os
import subprocess
import sys
from pathlib import Path

from autofocus.errors import InputDataError, MissingDependencyError, PackageIndexError
from autofocus.options.printing import shown

_OPTIONS = (
    "--no-deps", "--require-hashes", "--only-binary=:all:", "--ignore-requires-python",
    "--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
    "--retries=2", "--timeout=30",
)  # fmt: skip
_NO_PIP = "No module named pip"
_WRONG_HASH = "DO NOT MATCH THE HASHES"
_NO_SPACE = "No space left on device"


def fetch_wheel(package: str, digest: str, folder: Path) -> Path:
    """Fetch a wheel from the package index that pip is configured for.

    Args:
        package: its name and version, such as `name==1.0`.
        digest: its SHA-256.
        folder: an empty folder, in which everything is written.

    Returns:
        The wheel.

    Raises:
        MissingDependencyError: pip is not installed.
        InputDataError: the wheel has another digest.
        PackageIndexError: the index can't be reached, or has no such wheel.
        OSError: the disk is full.
    """
    pinned, wheels = folder / "requirements.txt", folder / "wheels"
    pinned.write_text(f"{package} --hash=sha256:{digest}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", *_OPTIONS]
    result = subprocess.run(  # noqa: S603 - our own command
        [*command, "--requirement", str(pinned), "--dest", str(wheels)],
        env={**os.environ, "TMPDIR": str(folder), "PIP_REQUIRE_VIRTUALENV": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    found = list(wheels.glob("*.whl")) if result.returncode == 0 else []
    if len(found) != 1:
        raise _explain(package, f"{result.stdout}\n{result.stderr}")
    return found[0]


def _explain(package: str, output: str) -> Exception:
    """Return the error that pip's output describes."""
    copied = f"copy the wheel of {package} to this machine, and give it with --from"
    if _NO_PIP in output:
        return MissingDependencyError(
            f"pip is not installed for {sys.executable}: install it with: python -m ensurepip; "
            f"or {copied}."
        )
    if _WRONG_HASH in output:
        return InputDataError(
            f"The package index returned another wheel of {package} than the pinned one (its "
            f"SHA-256 differs): use another index, or {copied}."
        )
    if _NO_SPACE in output:
        return OSError(28, _NO_SPACE)
    lines = [line for line in output.splitlines() if line.startswith(("ERROR", "error"))]
    said = shown(lines[0].removeprefix("ERROR: "), 300) if lines else "pip gave no reason"
    return PackageIndexError(
        f"{package} can't be fetched from the package index ({said}): check the network and "
        f"pip's settings, or {copied}."
    )
