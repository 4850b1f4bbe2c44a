"""Tests of the command `autofocus` as a whole."""

import dataclasses
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from autofocus import __version__
from autofocus.cli import COMMANDS, load, main

ROOT = Path(__file__).parents[1]
SCRIPTS = [name for name in COMMANDS if (ROOT / "autofocus" / f"{name}.py").exists()]
HEAVY = (
    *("boto3", "jinja2", "matplotlib", "mlflow", "obstore", "pandas", "polars", "scipy"),
    *("sklearn", "tensorflow"),
)

# Runs a command line and prints which of the packages named in the first word it has imported.
IMPORTED = """
import sys
from autofocus.cli import main

names = sys.argv[1].split(",")
try:
    main(sys.argv[2:])
except SystemExit as end:
    assert not end.code, end.code
print("imported:", *sorted(set(names) & set(sys.modules)))
"""

# Starts a command where a package isn't installed, as in a light install.
WITHOUT = """
import sys
from autofocus.cli import main

sys.modules[sys.argv[1]] = None
raise SystemExit(main(sys.argv[2:]))
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autofocus", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@cache
def helped(names: tuple[str, ...], *words: str) -> tuple[str, str]:
    """Return what a command line prints, and then which of these packages it has imported."""
    command = [sys.executable, "-c", IMPORTED, ",".join(names), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    text, _, imported = done.stdout.rpartition("imported:")
    return text, imported.strip()


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names each command with what it does."""
    assert main(["--help"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [f"{name} {summary}" for name, summary in COMMANDS.items()] == [
        line for line in lines if line.split(" ")[0] in COMMANDS
    ]


def test_help_imports_nothing_heavy() -> None:
    """`autofocus --help` imports no package of any stage, so that it answers at once."""
    assert helped((*HEAVY, "numpy", "PIL", "tqdm"), "--help")[1] == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_stage_imports_nothing_heavy(name: str) -> None:
    """A stage's `--help` imports none of the heavy packages, so that it answers at once."""
    assert helped(HEAVY, name, "--help")[1] == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_stage(name: str) -> None:
    """Each stage has a help, written with dashes or underscores alike, that ends in an example."""
    text, _ = helped(HEAVY, name, "--help")
    assert text.startswith(f"usage: autofocus {name} ")
    example = text.split("\nexample:\n")[1]
    assert example.replace("-", "_").lstrip().startswith(f"autofocus {name}")
    with_dashes = run(name.replace("_", "-"), "-h")
    assert (with_dashes.returncode, with_dashes.stdout) == (0, text)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_of_a_stage(name: str) -> None:
    """Each stage may be called as a script, too, with the same help."""
    script = [sys.executable, str(ROOT / "autofocus" / f"{name}.py"), "--help"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == helped(HEAVY, name, "--help")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_name_of_a_stage(name: str) -> None:
    """Each stage calls itself as the command by which it is found."""
    assert load(name).name == name


def test_no_command() -> None:
    """Without a command the help is shown, and the status is that of a wrong command line."""
    done = run()
    assert done.returncode == 2
    assert done.stdout.startswith("usage: autofocus COMMAND")


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command is refused in one line that names those there are."""
    assert main(["preproces-images"]) == 2
    assert capsys.readouterr().err == (
        f"autofocus: error: unknown command 'preproces-images'; known are {', '.join(COMMANDS)}.\n"
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the version of the package."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"autofocus {__version__}\n"


def test_status_of_a_stage_is_passed_on() -> None:
    """An error of a stage is the command's: one line and its status."""
    done = run("preprocess-images", "--indir", "no-such-folder", "--outdir", "o")
    assert done.returncode == 3
    assert done.stderr == (
        "autofocus preprocess_images: error: There is no folder no-such-folder: "
        "give one that holds images.\n"
    )


CLEAN = "--detections d --image-dir i --image-properties p --outpath o/c.csv"


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [
        ("PIL", "preprocess_images --indir . --outdir o", "preprocess"),
        ("numpy", f"clean_detections {CLEAN}", "tables"),
        ("polars", f"clean_detections {CLEAN}", "tables"),
        ("botocore", "download_images --bucket b --local-folder o", "download"),
        ("yaml", "run --params p --outdir o", "run"),
    ],
)  # fmt: skip
def test_light_install(tmp_path: Path, package: str, words: str, extra: str) -> None:
    """Where a stage's package isn't installed, one line names the extra that installs it."""
    for name in "dp":
        (tmp_path / name).write_text("ImageDate,FilePath,FileName,ShortName\nx,x,x,x\n")
    command = [sys.executable, "-c", WITHOUT, package, *words.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stdout == ""
    assert done.stderr == (
        f"autofocus {words.split(maxsplit=1)[0]}: error: The package {package} is not installed: "
        f"install it with: pip install 'autofocus[{extra}]'.\n"
    )


def test_without_the_sample_its_command_says_so() -> None:
    """In an image, which has no `autofocus.demo`, `demo` fails with one sentence."""
    command = [sys.executable, "-c", WITHOUT, "autofocus.demo", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith("autofocus demo: error: The synthetic sample is not part of")
    assert len(done.stderr.splitlines()) == 1


# A help of more options than these is hard to read as one list.
MOST_IN_ONE_LIST = 10


@pytest.mark.parametrize("name", COMMANDS)
def test_a_long_help_has_headings(name: str) -> None:
    """A command with many options has each of them under a heading, in `option(group=...)`."""
    settings = load(name).settings
    fields = dataclasses.fields(settings) if settings else ()
    if len(fields) > MOST_IN_ONE_LIST:
        assert [field.name for field in fields if not field.metadata["group"]] == []


def test_headings_of_a_help() -> None:
    """The options of a heading stand together, wherever the settings declare them."""
    text, _ = helped(HEAVY, "retrain", "--help")
    training = text.split("\ntraining:\n")[1].split("\n\n")[0]
    assert "--weight-by-motion" in training
    assert "--learning-rate" in training
    assert "--folds" not in training
