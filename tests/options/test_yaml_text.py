"""Claims about YAML that people write."""

import pytest

from autofocus.options.yaml_text import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("0123", "0123"),
        ("12:30", "12:30"),
        ("2016-01-01", "2016-01-01"),
        ("true", True),
        ("~", None),
        ("-12", -12),
        ("1_000", 1000),
        ("0x1F", 31),
        ("1.50", 1.5),
        ("1e-3", "1e-3"),
        ("'12'", "12"),
        ("{no: 1, 0123: 2, 1.0: 3, null: 4}", {"no": 1, "0123": 2, "1.0": 3, "null": 4}),
        ("{<<: {a: 1, b: 2}, a: 3}", {"a": 3, "b": 2}),
    ],
)
def test_values_are_what_people_mean(text: str, value: object) -> None:
    """Booleans are true and false, numbers are decimal, dates and keys are text."""
    assert parse(text, "x") == value
    assert type(parse(text, "x")) is type(value)
