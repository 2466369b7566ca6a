"""Cumulative IO of network.toml after so many hours, by 120-digit decimals; shares no code with the engine.

    python3 regression_years.py > regression-years.csv

S(n) = floor(base * rate * (1 - (1 - less)^n) / less), base 500,000,000 IO, in units of 10^-8 IO. The relative error of the decimals is
below 10^-110, so the floor is exact unless a value lies within 10^-90 of a whole number, which is checked.
"""

from decimal import Decimal, ROUND_FLOOR, getcontext

getcontext().prec = 120
BASE = Decimal(500_000_000) * 10**8
RATE, LESS = Decimal("0.000009132420091324200"), Decimal("0.000013886952395979300")
HOURS = 175_319


def scheduled(hours: int) -> int:
    value = BASE * RATE * (1 - (1 - LESS) ** min(hours, HOURS)) / LESS
    whole = value.to_integral_value(rounding=ROUND_FLOOR)
    # After one hour the sum is base times rate, which may be a whole number itself.
    assert value == whole or Decimal("1e-90") < value - whole < 1 - Decimal("1e-90")
    return int(whole)


print("# REGRESSION SERIES, not a published one: cumulative IO of network.toml after so many hours, in units of 10^-8 IO.")
print("# Computed by regression_years.py in 120-digit decimals, 2026-11-22. Independent of the engine. Units: hours, 10^-8 IO.")
print("hours,units")
for hours in [1, 2, 3, 24, 720] + [8_760 * year for year in range(1, 21)] + [175_318, 175_319, 200_000]:
    print(f"{hours},{scheduled(hours)}")
