"""Tests of the errors, and of asking for optional packages."""

import ast
import builtins
import re
from pathlib import Path

import pytest

from autofocus import errors
from autofocus.errors import (
    AutofocusError,
    MissingDependencyError,
    RejectedImageError,
    need,
)
from autofocus.runs.ledger import Reason

ROOT = Path(__file__).parents[1]


def test_need_returns_the_module() -> None:
    """A package that is installed is imported and returned."""
    assert need("json.decoder", "download").__name__ == "json.decoder"


def test_need_says_how_to_install() -> None:
    """A package that isn't installed is named, with the extra that brings it."""
    with pytest.raises(MissingDependencyError) as caught:
        need("no_such_package.part", "download")
    assert str(caught.value) == (
        "The package no_such_package is not installed: "
        "install it with: pip install 'autofocus[download]'."
    )


def test_need_does_not_blame_a_package_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an installed package misses one of its own, that one's error is left as it is."""
    (tmp_path / "half_installed_package.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_package") as caught:
        need("half_installed_package", "download")
    assert not isinstance(caught.value, AutofocusError)


def test_every_error_is_drawn_in_the_tree() -> None:
    """The tree has every public error that the sources define, with the builtin it refines."""
    defined: dict[str, set[str]] = {}
    for folder in ("autofocus", "components", "pipelines"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and re.fullmatch(r"[A-Z]\w*Error", node.name):
                    defined[node.name] = {ast.unparse(base) for base in node.bases}
    drawn = dict(re.findall(r"─ (\w+)(?: \((\w+)\))?", errors.__doc__ or ""))
    assert {"AutofocusError", *drawn} == defined.keys()
    for name, builtin in drawn.items():
        assert not builtin or (hasattr(builtins, builtin) and builtin in defined[name])
        assert any(base in {"AutofocusError", *drawn} for base in defined[name])


def test_a_rejected_image_has_a_reason() -> None:
    """Its message is the word of the vocabulary and the explanation."""
    error = RejectedImageError(Reason.TRUNCATED, "cut off")
    assert (str(error), error.reason) == ("truncated: cut off", Reason.TRUNCATED)
