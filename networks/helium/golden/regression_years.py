"""Cumulative HNT of network.toml after each year, in whole numbers; shares no code with the engine.

    python3 regression_years.py > regression-years.csv

Years of 365 days. Year 1 gives 43 M (a parameter), year 2 60 M, then rows of two years: 60 M, and each later one half of the row before,
rounded down to a bone (1 HNT = 10^8 bones), 23 times. Within a row floor(amount * days / length).
"""

HNT = 10**8
ROWS = [(365, 43_000_000 * HNT), (365, 60_000_000 * HNT), (730, 60_000_000 * HNT)]
for _ in range(23):
    ROWS.append((730, ROWS[-1][1] * 50 // 100))


def scheduled(days: int) -> int:
    total = 0
    for length, amount in ROWS:
        if days < length:
            return total + amount * days // length
        total, days = total + amount, days - length
    return total


print("# REGRESSION SERIES, not a published one: cumulative HNT of network.toml after so many days, in bones.")
print("# Computed by regression_years.py with whole numbers, 2026-11-22. Independent of the engine. Units: days, bones.")
print("days,bones")
for days in [1, 2, 3, 364, 365, 366, 1_000, 1_356] + [365 * year for year in range(2, 53)]:
    print(f"{days},{scheduled(days)}")
