#!/usr/bin/env python3
"""Figures of docs/findings.md and docs/claims.md that no summary.json has, out of the tables of findings/: python3 docs/findings.py

Each is told as median [5th percentile; 95th percentile] over the runs of an experiment. Needs nothing but Python.
"""

import csv
import json
import pathlib
import sys
from collections import defaultdict

PLACE = pathlib.Path("findings")
NETWORKS = ["helium", "filecoin", "render", "akash", "io.net"]


def number(text):
    return float("nan") if text in ("", "null", "NaN") else float(text)


def defined(values):
    return [value for value in values if value == value]


def percentile(values, part):
    """The value at (n - 1) * part of the sorted ones, linearly between neighbours."""
    values = sorted(defined(values))
    place = (len(values) - 1) * part
    low = int(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def band(values):
    if not defined(values):
        return "not defined"
    low, middle, high = (percentile(values, part) for part in (0.05, 0.5, 0.95))
    return f"{middle:.4g} [{low:.4g}; {high:.4g}]"


def part(values, holds):
    known = defined(values)
    return f"{100 * sum(map(holds, known)) / max(len(known), 1):.0f} % of {len(known)} runs"


def whole(name):
    """Is it there? One of which runs are missing is refused: its figures would pass for those of all of them."""
    summary = PLACE / name / "summary.json"
    if not summary.is_file():
        return False
    count = json.loads(summary.read_text())["runs"]
    if count["finished"] != count["asked"]:
        sys.exit(f"{name} has {count['finished']} of {count['asked']} runs: depin sim resume {PLACE / name}")
    return True


def outcomes(name):
    with open(PLACE / name / "outcomes.csv") as file:
        return {int(row["run"]): row for row in csv.DictReader(file)}


def runs(name):
    """Rows by treatment (0 as asked, 1 without rewards) and run."""
    rows = defaultdict(list)
    with open(PLACE / name / "runs.csv") as file:
        for row in csv.DictReader(file):
            if row["subset"] in "01":
                rows[int(row["subset"]), int(row["run"])].append(row)
    return rows


def column(rows, name):
    return [number(row[name]) for row in rows]


def utilisation(rows):
    pairs = [(use, share) for use, share in zip(column(rows, "usage"), column(rows, "utilisation")) if share > 0]
    capacity = sum(use / share for use, share in pairs)
    return sum(use for use, _ in pairs) / capacity if capacity else float("nan")


def full(rows):
    """Without a last row of fewer days than the others."""
    return [row for row in rows if row["days"] == rows[0]["days"]]


def held(rows, name):
    """What it is at the end, in parts of what it was in the first week."""
    values = column(rows, name)
    return values[-1] / values[0] if values[0] else float("nan")


def minted_until(rows):
    """Months until the last week in which anything is minted; undefined where that is in the last quarter."""
    last = max(at for at, amount in enumerate(column(rows, "minted")) if amount > 0)
    return sum(column(rows[: last + 1], "days")) / (365.25 / 12) if last + 13 < len(rows) else float("nan")


def after_mint(rows):
    """Supply at the end to its highest, less one."""
    supply = column(rows, "supply")
    return supply[-1] / max(supply) - 1


def growth(rows, name, weeks):
    """The last weeks to the first."""
    values = column(full(rows), name)
    return sum(values[-weeks:]) / max(sum(values[:weeks]), 1e-9)


def peaks(table, rows):
    """The highest weekly price of each run to the price at the run's start, which is no row: the last one less its change."""
    start = lambda run: number(rows[0, run][-1]["price"]) / number(table[run]["price-change"])
    return {run: max(column(rows[0, run], "price")) / start(run) for run in table}


def tell(name):
    if not whole(name):
        return
    table, rows = outcomes(name), runs(name)
    of = lambda key: [number(row[key]) for row in table.values() if key in row]
    each = lambda subset, figure: [figure(rows[subset, run]) for run in sorted(table) if (subset, run) in rows]
    print(f"\n{name}")
    print("  capacity below the company's:", part(of("capacity-to-central"), lambda value: value < 1))
    print("  a quarter's burn passes its mint in", len(defined(of("months-to-burn-over-mint"))), "runs, after months", band(of("months-to-burn-over-mint")))
    print("  supply grows in", part(of("net-issuance"), lambda value: value > 0), "· death spiral in", part(of("death-spiral"), lambda value: value > 0))
    for who in ("providers", "stakers", "holders"):
        print(f"  useful use caused per dollar to {who} above zero in", part(of(f"conversion.{who}.use.earned.incremental"), lambda value: value > 0))
    with_them, without = each(0, utilisation), each(1, utilisation)
    print("  utilisation with", band(with_them), "without", band(without), "difference", band([a - b for a, b in zip(with_them, without)]))
    print("  revenue, last year to first: with", band(each(0, lambda r: growth(r, "revenue_usd", 52))), "without", band(each(1, lambda r: growth(r, "revenue_usd", 52))))
    print("  use, last half year to first:", band(each(0, lambda r: growth(r, "usage", 26))))
    share = lambda name, at: each(0, lambda r: number(r[at][name]) / number(r[at]["supply"]))
    print("  locked of supply: first", band(share("locked", 0)), "last", band(share("locked", -1)), "· staked: first", band(share("staked", 0)), "last", band(share("staked", -1)))
    print("  price to the start: highest", band(peaks(table, rows).values()), "last", band(of("price-change")))
    print("  capacity, end to first week: with", band(each(0, lambda r: held(r, "capacity"))), "without", band(each(1, lambda r: held(r, "capacity"))))
    print("  emission in providers' income: least", f"{min(defined(of('subsidy-ratio')), default=float('nan')):.4g}")
    print("  use, last week to first: with", band(each(0, lambda r: held(full(r), "usage"))), "without", band(each(1, lambda r: held(full(r), "usage"))))
    print("  burned of what customers pay, by dollars", band(each(0, lambda r: sum(column(r, "burn_usd")) / max(sum(column(r, "revenue_usd")), 1e-9))))
    print("  minting ends after months", band(each(0, minted_until)), "· supply at the end to its highest, less one", band(each(0, after_mint)))
    for name in ("reward_providers_usd", "reward_other_usd"):
        print(f"  {name} over the run:", band(each(0, lambda r: sum(column(r, name)))))


def pair(one, other, *keys):
    """The second less the first, run by run on the same chance."""
    if not all(map(whole, (one, other))):
        return
    a, b = outcomes(one), outcomes(other)
    print(f"\n{other} less {one}")
    for key in keys:
        both = sorted(set(a) & set(b))
        first, second = [number(a[run][key]) for run in both], [number(b[run][key]) for run in both]
        less = [y - x for x, y in zip(first, second)]
        print(f"  {key}: {band(second)} and {band(first)}, less {band(less)}, above zero in {part(less, lambda value: value > 0)}")
        times = [y / x if x else float("nan") for x, y in zip(first, second)]
        print(f"  {key}: times {band(times)}")
    first, second = peaks(a, runs(one)), peaks(b, runs(other))
    print("  highest price to the start:", band(second.values()), "and", band([first[run] for run in second if run in first]))


def times(one, other, *names):
    if not all(map(whole, (one, other))):
        return
    total = lambda rows, name: {run: sum(column(r, name)) for (subset, run), r in rows.items() if subset == 0}
    a, b = runs(one), runs(other)
    for name in names:
        x, y = total(a, name), total(b, name)
        print(f"  {name} of {other} to {one}:", band([y[run] / x[run] for run in x if run in y and x[run]]))


for network in NETWORKS:
    for scenario in ("baseline", "ai-boom"):
        for kind in ("endogenous", "gbm"):
            tell(f"{network}-{scenario}-{kind}")
for extra in ("helium-no-burn", "render-idle", "render-ahead", "io.net-low-stake"):
    tell(extra)
pair("helium-baseline-endogenous", "helium-no-burn", "price-change", "burn-to-mint")
pair("render-baseline-endogenous", "render-ahead", "price-change", "utilisation")
pair("io.net-baseline-endogenous", "io.net-low-stake", "price-change", "locked-share")
times("render-baseline-endogenous", "render-ahead", "usage")
for network in NETWORKS:
    base, boom = (f"{network}-{scenario}-endogenous" for scenario in ("baseline", "ai-boom"))
    pair(base, boom, "net-issuance", "burn-to-mint", "staked-share", "locked-share")
    times(base, boom, "usage", "revenue_usd")
