"""Tests of the hints that name the extra of a missing package."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from autofocus.cli import COMMANDS
from autofocus.options.extras import (
    COMMAND_EXTRAS,
    EXTRA_OF_PACKAGE,
    INCLUDES,
    PACKAGES,
    extra_for,
    missing_package,
    provides,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
# Of pyproject's extras, those that no hint names.
OTHERS = {"dev", "docs", "pipelines", "train-gpu", "predict-cpu"}


def declared() -> dict[str, list[str]]:
    """Return the requirements of each extra in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    return extras


def test_the_extras_are_those_of_the_package() -> None:
    """Each extra that a hint may name exists, and includes the same others."""
    extras = declared()
    assert set(PACKAGES) == extras.keys() - OTHERS
    for extra, requirements in extras.items():
        if extra in PACKAGES:
            included = re.findall(r"autofocus\[([\w,]+)\]", " ".join(requirements))
            assert set(",".join(included).split(",")) - {""} == set(INCLUDES.get(extra, ()))


def test_an_extra_declares_its_packages() -> None:
    """Each package is among the requirements of its extra, or comes with one of them."""
    known = packages_distributions()
    # The distributions that bring a package of another name.
    parents = {"botocore": "boto3", "keras": "tensorflow", "pkg_resources": "setuptools"}
    for extra, packages in PACKAGES.items():
        required = {re.split(r"[^\w.-]", text)[0].lower() for text in declared()[extra]}
        for package in packages:
            names = [parents[package]] if package in parents else known.get(package, [package])
            assert required & {name.lower().replace("_", "-") for name in names}, package


@pytest.mark.parametrize("command", COMMANDS)
def test_the_extra_of_a_hint_brings_the_package(command: str) -> None:
    """Whatever a command lacks, the extra that is named installs it."""
    for package in EXTRA_OF_PACKAGE:
        assert provides(extra_for(command, package), package)


def test_a_hint_names_the_command_s_extra_if_that_brings_the_package() -> None:
    """One command asks for one extra; an option's own package for the option's."""
    assert extra_for("retrain", "PIL") == "train"
    assert extra_for("clean_detections", "numpy") == "tables"
    assert extra_for("clean_detections", "openpyxl") == "xlsx"
    assert extra_for("preprocess_images", "av") == "video"
    assert extra_for("run", "pillow_heif") == "heif"
    assert extra_for("retrain", "unheard_of") == "train"
    assert set(COMMAND_EXTRAS) <= set(COMMANDS)


def test_hints_in_the_sources_are_right() -> None:
    """Each `need("package", "extra")` names an extra that brings the package."""
    for path in (ROOT / "autofocus").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need":
                words = [getattr(word, "value", None) for word in node.args]
                if all(isinstance(word, str) for word in words):
                    module, extra = map(str, words)
                    assert provides(extra, module.split(".")[0]), f"{path}: {node.lineno}"


def test_a_module_of_the_project_is_not_a_missing_package() -> None:
    """A fault in the program keeps its traceback."""
    with pytest.raises(ModuleNotFoundError):
        missing_package("run", ModuleNotFoundError("no", name="autofocus.nothing"))
