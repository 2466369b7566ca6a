"""Locked rewards entry by entry, restated from the published rule; shares no code with the engine.

    python3 vesting.py > vesting.csv

Rule (builtin-actors actors/miner/src/{vesting_state,quantize}.rs): period 180 days, step 1 day, quantum 12 hours, epochs of 30 s.
"""

PERIOD, STEP, QUANTUM = 180 * 2880, 2880, 1440


def quantize_up(e: int, unit: int, offset: int) -> int:
    off = offset % unit
    x = e - off
    quotient, remainder = (abs(x) // unit) * (1 if x >= 0 else -1), abs(x) % unit
    if remainder == 0 or x < 0:
        return unit * quotient + off
    return unit * (quotient + 1) + off


def entries(amount: int, now: int, phase: int):
    given, e = 0, now
    while given < amount:
        e += STEP
        v = quantize_up(e, QUANTUM, phase)
        elapsed = v - now
        target = amount * elapsed // PERIOD if elapsed < PERIOD else amount
        if target > given:
            yield v, target - given
        given = target


CASES = [
    (10**18, 0, 0),
    (750_000_000_000_000_001, 0, 0),
    (123_456_789_012_345_678_901, 17, 0),
    (5 * 10**24 + 7, 2_879, 1_439),
    (10**21, 1_000_000, 777),
    (10**21, 1_000_001, 2_000),
    (179, 5, 3),
    (1, 5, 3),
]

print("# Vesting entries of a locked reward: 180 days linear, daily steps, quantised up to 12 hours from the phase.")
print("# Source of the rule: builtin-actors actors/miner/src/{vesting_state,quantize}.rs at b0a3bdd6.")
print("# Computed by vesting.py with whole numbers, 2026-11-22. Independent of the engine. Units: attoFIL, epochs.")
print("amount,now,phase,unlocks,entry")
for amount, now, phase in CASES:
    for at, part in entries(amount, now, phase):
        print(f"{amount},{now},{phase},{at},{part}")
