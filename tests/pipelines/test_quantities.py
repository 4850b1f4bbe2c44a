"""Claims about processors and memory, as pipelines take them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from autofocus.errors import SettingError
from pipelines.interface import ParameterValue, PipelineInterface, PipelineParameter
from pipelines.quantities import complete_resources, parse_cpu, parse_memory

DEFAULTS = {
    "retrain_cpu": "4",
    "retrain_cpu_request": "500m",
    "retrain_memory": "16Gi",
    "retrain_memory_request": "2Gi",
    "accelerator_count": "1",
    "cache_salt": "",
    "bucket": None,
}


def interface() -> PipelineInterface:
    parameters = {
        name: PipelineParameter(name, "STRING", default, required=default is None)
        for name, default in DEFAULTS.items()
    }
    names = frozenset({"retrain"})
    return PipelineInterface("tiny", Path("tiny.yaml"), "", "", names, parameters, names)


def complete(**values: Any) -> dict[str, Any]:
    given = {name: ParameterValue(value, "run.yaml") for name, value in values.items()}
    return {name: one.value for name, one in complete_resources(interface(), given).items()}


@pytest.mark.parametrize(
    ("text", "number"), [("2", "2"), ("0.5", "0.5"), (".5", "0.5"), ("500m", "0.5"), ("0", "0")]
)
def test_processors_are_numbers_or_thousandths(text: str, number: str) -> None:
    """Processors are a number, or thousandths of one."""
    assert parse_cpu("cpu", text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "4Gi", "2k", "1e3", "-1", "two", "500 m", "٢"])
def test_other_processors_are_rejected(text: str) -> None:
    """What Kubernetes or kfp takes for no number of processors is rejected by one sentence."""
    with pytest.raises(
        SettingError, match=f"^cpu must be .* such as 2, 0.5 or 500m, not {text!r}"
    ):
        parse_cpu("cpu", text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("16Gi", 16 * 1024**3),
        ("1.5Gi", 1.5 * 1024**3),
        ("512Mi", 512 * 1024**2),
        ("2000Ki", 2000 * 1024),
        ("2000k", 2_000_000),
        ("4M", 4_000_000),
        ("1T", 10**12),
        ("1E", 10**18),
        ("1Pi", 1024**5),
        ("1e9", 10**9),
        ("2E9", 2 * 10**9),
        ("4294967296", 2**32),
        ("0", 0),
    ],
)
def test_memory_has_a_unit_or_an_exponent(text: str, size: float) -> None:
    """Decimal and binary units, exponents and plain bytes are understood."""
    assert parse_memory("memory", text) == Decimal(size)


@pytest.mark.parametrize("text", ["", "16GB", "16 Gi", "16g", "1K", "500m", "lots", "-1Gi", "1e"])
def test_other_memory_is_rejected(text: str) -> None:
    """Units that Kubernetes doesn't have, such as GB, and thousandths of bytes are rejected."""
    with pytest.raises(SettingError, match=f"^memory must be .* or 16G, not {text!r}"):
        parse_memory("memory", text)


@pytest.mark.parametrize("text", ["16", "1023Ki"])
def test_memory_without_its_unit_is_rejected(text: str) -> None:
    """16 bytes are a slip of the pen: no container starts with less than 1 MiB."""
    with pytest.raises(SettingError, match=f"at least 1Mi, not '{text}': write a unit"):
        parse_memory("memory", text)


def test_numbers_become_text() -> None:
    """What YAML reads as a number is text for these parameters, and a number for others."""
    completed = complete(retrain_cpu=4, accelerator_count=2, cache_salt=7, bucket=2018)
    assert completed == {
        "retrain_cpu": "4",
        "accelerator_count": "2",
        "cache_salt": "7",
        "bucket": 2018,
    }


def test_text_of_the_command_line_stays_as_it_was_written() -> None:
    """A salt of 1.10 isn't shortened to 1.1."""
    given = {"cache_salt": ParameterValue(1.1, "--set", "1.10")}
    assert complete_resources(interface(), given)["cache_salt"].value == "1.10"


def test_a_low_limit_lowers_the_request() -> None:
    """Where only the limit is given, below the request's default, the request is the same."""
    assert complete(retrain_memory="1Gi") == {
        "retrain_memory": "1Gi",
        "retrain_memory_request": "1Gi",
    }
    assert complete(retrain_cpu="0.2", retrain_cpu_request=None)["retrain_cpu_request"] == "0.2"


def test_a_high_limit_leaves_the_request() -> None:
    """A limit that is not below the request's default adds nothing."""
    assert complete(retrain_memory="2Gi") == {"retrain_memory": "2Gi"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"retrain_memory": "1Gi", "retrain_memory_request": "1.5Gi"},
            r"retrain_memory_request \(1.5Gi\) must not be above retrain_memory \(1Gi\)",
        ),
        (
            {"retrain_cpu_request": "5000m"},
            r"retrain_cpu_request \(5000m\) must not be above retrain_cpu \(4\)",
        ),
        ({"retrain_cpu": "0"}, "retrain_cpu must be above 0"),
        ({"retrain_memory_request": "lots"}, "retrain_memory_request must be an amount"),
    ],
)
def test_what_kubernetes_would_reject_is_rejected(values: dict[str, str], told: str) -> None:
    """One sentence says who gave the value, which it is and what is wrong."""
    with pytest.raises(SettingError, match=f"^run.yaml: {told}"):
        complete(**values)


def test_a_request_of_nothing_is_fine() -> None:
    """A request of 0 reserves nothing."""
    assert complete(retrain_cpu_request="0") == {"retrain_cpu_request": "0"}


def test_values_of_other_types_are_left_to_the_interface() -> None:
    """Truth values, lists and nothing are handed on as they are."""
    assert complete(retrain_cpu=True, retrain_memory=["1Gi"], cache_salt=None) == {
        "retrain_cpu": True,
        "retrain_memory": ["1Gi"],
        "cache_salt": None,
    }
