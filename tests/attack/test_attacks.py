"""The short form of the attack suite: every kind of fault has the right outcome."""

from pathlib import Path

import pytest

from tests.attack.attack import Attack, Scale, load, names, run

ATTACKS = [(part, attack) for part in names() for attack in load(part)[1]]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "attack",
    [attack for _, attack in ATTACKS],
    ids=[f"{part}: {attack.fault}" for part, attack in ATTACKS],
)
def test_attack(attack: Attack, tmp_path: Path) -> None:
    """No trial of the attack has a wrong outcome."""
    count = run(attack, Scale(), tmp_path)
    assert count.tried
    assert not count.failed, "\n".join(f"{t.name}: {t.problem}" for t in count.failed[:20])
