"""The attack suite: the faults of disks, networks, people and power, tried by the hundred.

    python -m tests.attack                    # all of it, and the table in docs/reliability.md
    python -m tests.attack images tables      # some parts, and their rows of the table

`make test` runs a short form of each attack. The parts are the modules of `tests.attack.parts`,
each with its `ATTACKS`.
"""
