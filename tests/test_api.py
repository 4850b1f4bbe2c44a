"""Claims about what can be imported from the package itself."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

import autofocus
from autofocus.cli import COMMANDS
from autofocus.options.command import Stage

STAGES = [name for name in COMMANDS if name not in ("make_sample", "demo")]
STUB = Path(autofocus.__file__).with_suffix(".pyi")

# Runs statements, then prints what an expression gives, and which modules were imported.
PROBE = """
import json, sys
before = set(sys.modules)
exec(sys.argv[1])
print(json.dumps([eval(sys.argv[2]), sorted(set(sys.modules) - before)]))
"""


def probe(statements: str, expression: str = "None") -> tuple[object, list[str]]:
    """Run Python afresh; return the value of an expression, and the modules that it imported."""
    command = [sys.executable, "-c", PROBE, statements, expression]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    value, imported = json.loads(done.stdout)
    return value, imported


def test_importing_the_package_imports_nothing_else() -> None:
    """`import autofocus` imports only the handlers of signals, and no package."""
    _, imported = probe("import autofocus")
    assert [name for name in imported if name.split(".")[0] not in sys.stdlib_module_names] == [
        "autofocus",
        "autofocus.interrupts",
    ]


@pytest.mark.parametrize(
    "before",
    [
        "",
        "import autofocus.{name}",
        "from autofocus.{name} import COMMAND",
        "import autofocus.run, autofocus.cli",
        "from autofocus import {name}; import autofocus.{name}",
    ],
)
def test_a_stage_is_its_function(before: str) -> None:
    """Whatever was imported before, the stage's name stands for the function."""
    statements = ["import autofocus, sys"]
    for name in STAGES:
        # Afresh for each stage, as if no other had been used.
        statements.append("for name in [n for n in sys.modules if n.startswith('autofocus')]:")
        statements.append("    del sys.modules[name]")
        statements += [before.format(name=name), f"from autofocus import {name}"]
        statements += ["import autofocus", f"assert autofocus.{name} is {name}, '{name}'"]
    kinds, _ = probe(
        "\n".join(statements), f"[type(one).__name__ for one in ({', '.join(STAGES)})]"
    )
    assert kinds == ["function"] * len(STAGES)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_s_module_is_there(name: str) -> None:
    """The module of a stage is imported under its own name, and has the stage's command."""
    module = importlib.import_module(f"autofocus.{name}")
    assert module.COMMAND.name == name
    assert getattr(autofocus, name) is getattr(module, name)
    function = module.COMMAND.function
    # The command `run` can also only check.
    if name != "run":
        assert (function.load() if isinstance(function, Stage) else function) is getattr(
            module, name
        )


def test_every_name_is_there() -> None:
    """Each public name can be imported, and is listed."""
    assert len(set(autofocus.__all__)) == len(autofocus.__all__)
    for name in autofocus.__all__:
        assert getattr(autofocus, name) is not None
        assert name in dir(autofocus)
    assert {name for name in STAGES if isinstance(getattr(autofocus, name), FunctionType)} == {
        *STAGES
    }


def test_every_class_that_a_stage_names_is_public() -> None:
    """The settings and the result of each stage can be imported beside it."""
    for name in STAGES:
        signature = inspect.signature(getattr(autofocus, name), eval_str=True)
        kinds = [signature.return_annotation]
        if "settings" in signature.parameters:
            kinds.append(signature.parameters["settings"].annotation)
        for kind in kinds:
            assert getattr(autofocus, kind.__name__) is kind


def test_type_checkers_see_the_same_names() -> None:
    """The stub names what the package gives, from the same modules."""
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    seen = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname is not None
    }
    assert {"__version__", *seen} == set(autofocus.__all__)
    for name, path in seen.items():
        module, _, attribute = path.rpartition(".")
        assert getattr(importlib.import_module(module), attribute) is getattr(autofocus, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that isn't there is reported as by any module."""
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = autofocus.nonsense  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        from autofocus import nonsense  # type: ignore[attr-defined]  # noqa: F401
