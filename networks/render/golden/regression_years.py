"""Cumulative RENDER of network.toml's schedule after each year, in whole numbers; shares no code with the engine.

    python3 regression_years.py > regression-years.csv

Years of 12 months: 9,126,804, 5,905,580, 5,905,580, 4,700,000, 4,700,000 RENDER (the last two are parameters), then each year 94.5 % of the
one before, rounded down to a base unit (10^-8). The cap leaves 107,374,182 RENDER: `minted` stops there.
"""

UNIT = 10**8
YEARS = [9_126_804 * UNIT, 5_905_580 * UNIT, 5_905_580 * UNIT, 4_700_000 * UNIT, 4_700_000 * UNIT]
ROOM = (644_245_094 - 536_870_912) * UNIT
while len(YEARS) < 70:
    YEARS.append(YEARS[-1] * 945 // 1000)


def scheduled(months: int) -> int:
    whole, rest = divmod(months, 12)
    return sum(YEARS[:whole]) + YEARS[whole] * rest // 12


print("# REGRESSION SERIES, not a published one: cumulative RENDER of network.toml's schedule after so many months, in units of 10^-8,")
print("# and what of it the cap lets be minted. RNP-023 says that the cap is reached in year 60.")
print("# Computed by regression_years.py with whole numbers, 2026-11-22. Independent of the engine. Units: months, 10^-8 RENDER.")
print("months,scheduled,minted")
for months in [1, 2, 3, 11, 12, 13, 23] + [12 * year for year in range(2, 66)]:
    print(f"{months},{scheduled(months)},{min(scheduled(months), ROOM)}")
