"""Half-life emission by 60-digit decimals; shares no code with the engine.

    python3 half_life.py > half-life.csv

M(n) = floor(total * (1 - 2^(-n/N))) base units, total = 70 % of 2,000,000,000 FIL, N = 6 years of 365 days in 30-second epochs.
"""

from decimal import Decimal, ROUND_FLOOR, getcontext

getcontext().prec = 80
TOTAL = Decimal(2_000_000_000) * Decimal(10) ** 18 * 70 / 100
YEAR = 365 * 2880
HALF_LIFE = 6 * YEAR
LN2 = Decimal(2).ln()


def scheduled(n: int) -> int:
    whole, rest = divmod(n, HALF_LIFE)
    left = (-(LN2 * rest / HALF_LIFE)).exp() / Decimal(2) ** whole
    return int((TOTAL * (1 - left)).to_integral_value(rounding=ROUND_FLOOR))


POINTS = [1, 2, 3, 100, 2880, 2880 * 30, 1_000_003]
POINTS += [YEAR * y for y in (1, 2, 3, 6, 9, 12, 20, 30, 60, 120, 300)]
POINTS += [YEAR - 1, YEAR * 3 - 1, HALF_LIFE - 1, HALF_LIFE + 1, 12 * YEAR + 1]

print("# Cumulative emission of Filecoin's network.toml, attoFIL after n epochs: M(n) = floor(1.4e27 * (1 - 2^(-n/6307200))).")
print("# Source of the rule: document (70 % of 2 billion FIL, half-life 6 years); years of 365 days, epochs of 30 s.")
print("# Computed by half_life.py in 80-digit decimals, 2026-11-22. Independent of the engine. Units: epochs, attoFIL.")
print("epochs,attofil")
for n in sorted(set(POINTS)):
    print(f"{n},{scheduled(n)}")
