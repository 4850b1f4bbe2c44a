"""Compiling the pipelines for tests."""

import os
import subprocess
import sys
from pathlib import Path

TAG = "0123456789ab"
REGISTRY = "registry.example.org/zoo"


def compile_all(outdir: Path, *words: str) -> str:
    """Compile in a process of its own, as the images' names come from variables.

    Args:
        outdir: the folder to write to.
        words: further options; by default the images are named by REGISTRY and TAG.

    Returns:
        What was noted on standard error.
    """
    words = words or ("--registry", REGISTRY, "--tag", TAG)
    command = [sys.executable, "-m", "pipelines.compile", "--outdir", str(outdir), *words]
    environment = {key: value for key, value in os.environ.items() if key not in _NAMES}
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    return done.stderr


_NAMES = {"REGISTRY", "TAG"}
