"""The parts of the attack suite; each module has `PART`, its title, and `ATTACKS`."""
