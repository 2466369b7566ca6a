"""Per-block inflation in whole numbers of 10^-18; shares no code with the engine.

    python3 regression_inflation.py > regression-inflation.csv

Rule (cosmos-sdk x/mint/types/minter.go, x/mint/keeper/mint.go; decimals: cosmos-sdk types/decimal.go, 18 places, products and quotients
rounded half to even): each block
    bonded_ratio = bonded / supply
    change = (1 - bonded_ratio / goal) * rate_change / blocks_per_year
    inflation = clamp(inflation + change, least, most)
    minted = trunc(trunc-free inflation * supply / blocks_per_year)
Figures of network.toml: initial 25 %, least 15 %, most 25 %, change 500 % a year, goal 67 %, 5,256,000 blocks a year, supply 100,000,000 AKT.
"""

ONE = 10**18
GOAL, CHANGE, LEAST, MOST, INITIAL = 67 * ONE // 100, 5 * ONE, 15 * ONE // 100, 25 * ONE // 100, 25 * ONE // 100
YEAR = 5_256_000
GENESIS = 100_000_000 * 10**6


def half_even(numerator: int, denominator: int) -> int:
    sign = -1 if numerator < 0 else 1
    quotient, rest = divmod(abs(numerator), denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1):
        quotient += 1
    return sign * quotient


def mul(a: int, b: int) -> int:
    return half_even(a * b, ONE)


def quo(a: int, b: int) -> int:
    return half_even(a * ONE, b)


def run(bonded_parts: list[tuple[int, int]]):
    """Blocks with so many parts of a thousand bonded: [(blocks, permille)]."""
    supply, inflation, block = GENESIS, INITIAL, 0
    for blocks, permille in bonded_parts:
        for _ in range(blocks):
            bonded = supply * permille // 1000
            ratio = quo(bonded * ONE, supply * ONE)
            change = quo(mul(ONE - quo(ratio, GOAL), CHANGE), YEAR * ONE)
            inflation = max(min(inflation + change, MOST), LEAST)
            minted = quo(mul(inflation, supply * ONE), YEAR * ONE) // ONE
            supply, block = supply + minted, block + 1
            if block in POINTS:
                yield block, permille, bonded, inflation, minted, supply


POINTS = {1, 2, 3, 10, 1_000, 30_000, 60_000, 60_001, 90_000, 120_000, 150_000, 180_000}

print("# REGRESSION SERIES, not a published one: inflation (10^-18), uakt minted in a block and supply after it, of network.toml;")
print("# 45 % bonded for 60,000 blocks, 85 % for 60,000, 67 % for 60,000 (rounded down to whole uakt each block).")
print("# Computed by regression_inflation.py with whole numbers, 2026-11-22. Independent of the engine.")
print("block,permille,bonded,inflation,minted,supply")
for row in run([(60_000, 450), (60_000, 850), (60_000, 670)]):
    print(",".join(map(str, row)))
