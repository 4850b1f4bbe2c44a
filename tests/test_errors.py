"""Tests of the errors, and of asking for optional packages."""

import builtins
from pathlib import Path

import pytest

from autofocus import errors
from autofocus.errors import AutofocusError, MissingDependencyError, need


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


def test_every_error_refines_a_builtin() -> None:
    """Each error is an AutofocusError and a builtin exception, and prints as its sentence."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, AutofocusError)
        and kind is not AutofocusError
    ]
    assert len(kinds) == 11
    for kind in kinds:
        assert str(kind("One sentence.")) == "One sentence."
        assert any(
            base in vars(builtins).values()
            for base in kind.__mro__
            if base.__name__.endswith("Error")
        )
