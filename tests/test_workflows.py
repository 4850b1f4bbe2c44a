"""Tests of what a contributor's tools call: workflows, hooks, make targets and the citation."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import autofocus
from tests.conftest import SLOW

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def _targets(text: str) -> set[str]:
    """Return the make targets that a script calls."""
    return set(re.findall(r"^(?:\w+=\S+ )*make ([a-z-]+)", text, flags=re.MULTILINE))


def _steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def _commands(workflow: Path) -> list[str]:
    return [step["run"] for step in _steps(workflow) if "run" in step]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_only_what_ci_runs(workflow: Path) -> None:
    """Every command of a workflow is one make target that `.ci/run` calls too."""
    for command in _commands(workflow):
        assert _targets(command) <= _targets(CI), command
        assert re.fullmatch(r"make [a-z-]+( PYTEST_ARGS='[^']*')?", command)


def test_all_supported_versions_of_python_are_tested() -> None:
    """The workflow's versions are those of the package's classifiers."""
    jobs = yaml.safe_load(WORKFLOWS[0].read_text(encoding="utf-8"))["jobs"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    supported = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    assert jobs["test"]["strategy"]["matrix"]["python"] == supported


def test_every_target_that_ci_calls_exists() -> None:
    """Make knows each target of `.ci/run`, and prints what it would do."""
    for target in _targets(CI):
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("pattern", SLOW)
def test_slow_tests_exist(pattern: str) -> None:
    """Each pattern of slow tests, which `make test-fast` leaves out, is of tests that exist."""
    assert [path for path in (ROOT / "tests").glob(pattern) if path.name.startswith("test_")]


def test_hooks_run_tools_of_the_environment() -> None:
    """The hooks of pre-commit start pinned tools or make, and fetch nothing."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        program, argument, *_ = hook["entry"].split()
        assert hook["language"] == "system"
        if program == "make":
            assert argument in _targets(CI) | {"check"}
        else:
            assert re.fullmatch(r"\.venv/bin/(ruff|lint-imports)", program)


def test_the_citation_is_of_this_version() -> None:
    """CITATION.cff has the fields that its format requires, and the package's version."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    assert citation["version"] == autofocus.__version__
    assert citation["license"] in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
