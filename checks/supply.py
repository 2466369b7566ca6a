#!/usr/bin/env python3
"""Computes supply projections a second time, and compares them with `depin supply`, to the last base unit.

Shares no code with the program: reads the network files with Python's own TOML reader, restates every rule on Python integers
(half-lives and declining rates with 80-digit decimals), and walks time period by period where a rule depends on what came before.

    checks/supply.py                                  all networks, with target/debug/depin
    checks/supply.py --depin PATH --until 2060 akash  one network, further
    checks/supply.py --bonded 0.45 akash              another bonded ratio

Exit code 0: every figure agrees. 1: the first differences are printed.
"""

import argparse
import csv
import datetime as dt
import io
import subprocess
import sys
import tomllib
from decimal import Decimal, getcontext, ROUND_FLOOR
from pathlib import Path

getcontext().prec = 80
ROOT = Path(__file__).resolve().parent.parent
UTC = dt.timezone.utc
KINDS = ["half-life", "table", "decline", "flat", "inflation"]
ALTERNATIVES = [KINDS, ["share", "scored"], ["source", "parameter"], ["source", "why"]]


# ---- time ----------------------------------------------------------------------------------------------------------------------

def instant(value):
    """Milliseconds since 1970 of a TOML date or of ISO text."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, dt.datetime):
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round((value - dt.datetime(1970, 1, 1, tzinfo=UTC)) / dt.timedelta(milliseconds=1))
    return instant(dt.datetime(value.year, value.month, value.day, tzinfo=UTC))


def months_after(origin, count):
    """The same day and time `count` months later, or the month's last day."""
    at = dt.datetime(1970, 1, 1, tzinfo=UTC) + dt.timedelta(milliseconds=origin)
    index = at.year * 12 + at.month - 1 + count
    year, month = divmod(index, 12)
    first_of_next = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - dt.timedelta(days=1)).day
    return instant(at.replace(year=year, month=month + 1, day=min(at.day, last)))


UNITS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000,
         "y": 365 * 86_400_000}
MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}


def length(text):
    """("ms", n) or ("months", n)."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz ").strip()
    unit = text[len(text.rstrip("abcdefghijklmnopqrstuvwxyz")):].strip()
    if unit in MONTHS:
        return "months", (int(number) if number else 1) * MONTHS[unit]
    return "ms", int(Decimal(number) * UNITS[unit])


class Clock:
    def __init__(self, table, launch):
        self.kind, self.size = length(table["every"])
        origin = table["origin"]
        self.origin = launch if origin == "genesis" else instant(origin)

    def start(self, period):
        if self.kind == "months":
            return months_after(self.origin, period * self.size)
        return self.origin + period * self.size

    def over(self, at):
        """Number of periods, from the origin, that are over at an instant."""
        if at <= self.origin:
            return 0
        if self.kind == "ms":
            return (at - self.origin) // self.size
        guess = (at - self.origin) // (self.size * 31 * 86_400_000)
        while self.start(guess + 1) <= at:
            guess += 1
        return guess

    def first_from(self, at):
        """The first period that starts at an instant or later."""
        over = self.over(at)
        return over if self.start(over) >= at else over + 1

    def periods(self, text):
        kind, size = length(text)
        if kind == self.kind:
            count, rest = divmod(size, self.size)
        elif self.kind == "months":
            count, rest = divmod(size * 12, 365 * 86_400_000 * self.size)
        else:
            count, rest = divmod(size * 365 * 86_400_000, 12 * self.size)
        assert rest == 0, text
        return count


# ---- the file ------------------------------------------------------------------------------------------------------------------

def merge(base, change):
    for keys in ALTERNATIVES:
        for key in keys:
            if key in change:
                for other in keys:
                    if other != key and other not in change:
                        base.pop(other, None)
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value


def remove(table, path):
    if path in table:
        del table[path]
        return
    for key in table:
        if path.startswith(key + "."):
            return remove(table[key], path[len(key) + 1:])
    raise KeyError(path)


def deep(value):
    if isinstance(value, dict):
        return {key: deep(inner) for key, inner in value.items()}
    return [deep(inner) for inner in value] if isinstance(value, list) else value


def versions(path, launch_default=0):
    """[(start, file)], and when the network was launched."""
    root = tomllib.loads(path.read_text())
    changes = root.pop("change", [])
    launch = instant(root["network"]["launch"]["at"]) if "launch" in root["network"] else launch_default
    found = [(0, root)]
    for change in changes:
        now = deep(found[-1][1])
        for gone in change.get("remove", []):
            remove(now, gone)
        merge(now, change.get("set", {}))
        start = instant(change["at"]) if "at" in change else launch + length(change["after"])[1]
        found.append((start, now))
    return launch, found


def share(text):
    return int(Decimal(text.rstrip("% ").replace("_", "")) * 10**7)


def part(text):
    """A ratio: per cent, or a part of one, as parts of 10^18."""
    number = Decimal(text.rstrip("% ").replace("_", ""))
    return int(number * 10**16) if text.endswith("%") else int(number * 10**18)


def units(text, decimals):
    words = text.replace("_", "").split()
    if "base" in words:
        return int(words[0])
    return int(Decimal(words[0]) * 10**decimals)


# ---- emission ------------------------------------------------------------------------------------------------------------------

class Schedule:
    """What an emission has given when n periods are over."""

    def __init__(self, table, allocations, clocks, decimals):
        (self.kind, self.rule), = [(kind, table[kind]) for kind in KINDS if kind in table]
        rule = self.rule
        self.clock_name = rule["clock"]
        clock = clocks[self.clock_name]
        if self.kind == "half-life":
            self.total, self.half = allocations[rule["from"]], clock.periods(rule["over"])
        elif self.kind == "table":
            rows = []
            for row in rule["rows"]:
                count = clock.periods(row["for"]) if "for" in row else row["periods"]
                rows.append((count, units(row["amount"], decimals)))
            if "then" in rule:
                times, most = share(rule["then"]["times"]), rule["then"].get("rows")
                count, amount = rows[-1]
                while most is None or most > 0:
                    amount = amount * times // 10**9
                    if amount == 0:
                        break
                    rows.append((count, amount))
                    most = None if most is None else most - 1
            self.rows = rows
        elif self.kind == "decline":
            self.base = units(rule["base"], decimals)
            self.rate, self.less, self.count = Decimal(rule["rate"]), Decimal(rule["less"]), rule["periods"]
        elif self.kind == "flat":
            self.amount, self.count = units(rule["amount"], decimals), rule["periods"]

    def given(self, n):
        if self.kind == "half-life":
            left = Decimal(2) ** (Decimal(-n) / Decimal(self.half))
            return int((self.total * (1 - left)).to_integral_value(ROUND_FLOOR))
        if self.kind == "table":
            total = 0
            for count, amount in self.rows:
                if n <= 0:
                    break
                total += amount * min(n, count) // count
                n -= count
            return total
        if self.kind == "decline":
            n = min(n, self.count)
            if self.less == 0:
                return int((self.base * self.rate * n).to_integral_value(ROUND_FLOOR))
            exact = self.base * self.rate * (1 - (1 - self.less) ** n) / self.less
            return int(exact.to_integral_value(ROUND_FLOOR))
        if self.kind == "flat":
            return self.amount * min(n, self.count) // self.count
        raise ValueError(self.kind)


def half_even(numerator, denominator):
    """A quotient of integers, a half to the even neighbour."""
    quotient, rest = divmod(abs(numerator), denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        quotient += 1
    return quotient if numerator >= 0 else -quotient


ONE = 10**18


def cut(numerator, denominator):
    """A quotient cut towards zero."""
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)


def quo(a, b):
    """a / b of decimals of 18 places: cut at the 36th, then a half to the even neighbour at the 18th."""
    return half_even(cut(a * ONE * ONE, b), ONE)


class Inflation:
    def __init__(self, rule):
        self.rate, self.least, self.most = part(rule["initial"]), part(rule["least"]), part(rule["most"])
        self.change, self.goal = part(rule["change"]), part(rule["goal"])
        self.year = rule["periods-per-year"]

    def run(self, supply, room, ratio, count):
        """Mints `count` periods one by one; returns the amount."""
        yearly = half_even((ONE - quo(ratio, self.goal)) * self.change, ONE)
        step = quo(yearly, self.year * ONE)
        rate, least, most, year, minted = self.rate, self.least, self.most, self.year, 0
        per = year * ONE
        for _ in range(count):
            rate = min(rate + step, most)
            rate = max(rate, least)
            amount = rate * supply // per
            if amount > room:
                amount = room
            supply += amount
            room -= amount
            minted += amount
            if room == 0:
                break
        self.rate = rate
        return minted


# ---- one token's projection ----------------------------------------------------------------------------------------------------------

class Path:
    def __init__(self, launch, files, token, bonded):
        first = files[0][1]
        self.token, self.launch, self.files, self.bonded = token, launch, files, bonded
        self.decimals = next(t["decimals"] for t in first["token"] if t["id"] == token)
        supply = first["supply"][token]
        self.cap, self.cap_kind = units(supply["cap"]["amount"], self.decimals), supply["cap"]["kind"]
        whole = units(supply["genesis"]["amount"], self.decimals) if "genesis" in supply else self.cap
        self.allocations = {}
        parts = supply.get("allocation", [])
        for entry in parts:
            self.allocations[entry["to"]] = (
                units(entry["amount"], self.decimals) if "amount" in entry else whole * share(entry["share"]) // 10**9)
        by_share = [entry["to"] for entry in parts if "share" in entry]
        if by_share:
            self.allocations[by_share[-1]] += whole - sum(self.allocations.values())
        emission = [file["supply"].get(token, {}).get("emission", {}) for _, file in files]
        mined = {rule.get("from") for kinds in emission for rule in kinds.values() if isinstance(rule, dict)}
        self.at_genesis = {to: amount for to, amount in self.allocations.items() if to not in mined}
        self.entries = {entry["to"]: entry for entry in parts}
        clock = supply.get("vest-clock") or self.emission_clock(first) or sorted(first["clock"])[0]
        self.vest_clock = Clock(first["clock"][clock], launch)
        self.minted = sum(self.at_genesis.values())
        self.pools = {}
        self.next, self.closed = {}, {}
        self.inflation, self.inflated = None, 0

    def emission_clock(self, file):
        emission = file["supply"].get(self.token, {}).get("emission", {})
        return next((rule["clock"] for rule in emission.values() if isinstance(rule, dict)), None)

    def vested(self, to, at):
        amount, entry = self.at_genesis[to], self.entries[to]
        if "vest" not in entry:
            return 0 if to == "unallocated" else amount
        clock = self.vest_clock
        elapsed = max(0, clock.over(at) - clock.over(self.launch))
        rows = entry["vest"]
        amounts = []
        for row in rows:
            if "amount" in row:
                amounts.append(units(row["amount"], self.decimals))
            else:
                amounts.append(amount * share(row["share"]) // 10**9 if "share" in row else None)
        rest = amount - sum(a for a in amounts if a is not None)
        if None in amounts:
            amounts[amounts.index(None)] = rest
        elif all("share" in row for row in rows) and sum(share(row["share"]) for row in rows) == 10**9:
            amounts[-1] += rest
        total = 0
        for row, part_ in zip(rows, amounts):
            after = clock.periods(row["after"]) if "after" in row and length(row["after"])[1] else 0
            if elapsed < after:
                continue
            passed = elapsed - after
            over = 0 if "at-once" in row else clock.periods(row["over"])
            every = clock.periods(row["every"]) if "every" in row else 1
            total += part_ if passed >= over else part_ * (passed - passed % every) // over
        return total

    def advance(self, until):
        """Mints every period that is over at `until`, version by version."""
        for index, (start, file) in enumerate(self.files):
            end = self.files[index + 1][0] if index + 1 < len(self.files) else None
            if start > until:
                break
            self.advance_in(index, file, start, until, end)

    def advance_in(self, index, file, start, until, end):
        emission = file["supply"].get(self.token, {}).get("emission")
        if not emission:
            return
        clocks = {name: Clock(table, self.launch) for name, table in file["clock"].items()}
        schedule = Schedule(emission, self.allocations, clocks, self.decimals)
        own = clocks[schedule.clock_name]
        pools = {name: pool for name, pool in sorted(file["incentive"]["pool"].items()) if pool.get("emission") == self.token}
        for clock_name in sorted({pool.get("clock", schedule.clock_name) for pool in pools.values()}):
            clock = clocks[clock_name]
            key = (index, clock_name)
            if key not in self.next:
                begin = clock.over(self.launch) if start <= self.launch else clock.first_from(start)
                self.next[key] = begin
            over = clock.over(until)
            if end is not None:
                over = min(over, clock.first_from(end))
            if over <= self.next[key]:
                continue
            here = {name for name, pool in pools.items() if pool.get("clock", schedule.clock_name) == clock_name}
            borders = {self.next[key], over}
            for name, pool in pools.items():
                if isinstance(pool.get("share"), dict):
                    assert clock_name == schedule.clock_name, "moving shares by another clock are not restated here"
                    every = clock.periods(pool["share"]["every"])
                    borders |= set(range(self.next[key] // every * every, over, every))
            borders = sorted(border for border in borders if self.next[key] <= border <= over)
            for a, b in zip(borders, borders[1:]):
                if schedule.kind == "inflation":
                    before, after = self.inflate(emission, b - a)
                else:
                    before, after = (self.whole(schedule, own, index, start, clock.start(n)) for n in (a, b))
                self.mint(pools, here, own, own.over(clock.start(a)), before, after)
            self.next[key] = over

    def inflate(self, emission, count):
        if self.inflation is None:
            self.inflation = Inflation(emission["inflation"])
        room = self.cap - self.minted if self.cap_kind != "model" else 10**60
        before = self.inflated
        self.inflated += self.inflation.run(self.minted, room, self.bonded, count)
        return before, self.inflated

    def whole(self, schedule, clock, index, start, at):
        """What the schedules have given at an instant, the versions before with it, and not more than the cap leaves."""
        total = 0
        for earlier in range(index):
            total += self.closed_era(earlier)
        first = clock.first_from(start) if index else 0
        total += self.given_at(schedule, clock, at) - schedule.given(first)
        most = self.cap - sum(self.at_genesis.values())
        return total if self.cap_kind == "model" else min(total, most)

    def closed_era(self, index):
        """All that a version gave that is over."""
        if index not in self.closed:
            start, file = self.files[index]
            emission = file["supply"].get(self.token, {}).get("emission")
            total = 0
            if emission:
                clocks = {name: Clock(table, self.launch) for name, table in file["clock"].items()}
                schedule = Schedule(emission, self.allocations, clocks, self.decimals)
                clock = clocks[schedule.clock_name]
                last = clock.first_from(self.files[index + 1][0])
                total = schedule.given(last) - schedule.given(clock.first_from(start) if index else 0)
            self.closed[index] = total
        return self.closed[index]

    @staticmethod
    def given_at(schedule, clock, at):
        """The sum at an instant; inside a period its amount is spread evenly."""
        n = clock.over(at)
        whole, start = schedule.given(n), clock.start(n)
        if at <= start:
            return whole
        return whole + (schedule.given(n + 1) - whole) * (at - start) // (clock.start(n + 1) - start)

    def mint(self, pools, here, clock, period, before, after):
        told = {}
        was, now = self.parts(pools, clock, period, before), self.parts(pools, clock, period, after)
        for name in here:
            told[pools[name].get("scored", name)] = now[name] - was[name]
        for name, amount in told.items():
            self.pools[name] = self.pools.get(name, 0) + amount
            self.minted += amount

    def parts(self, pools, clock, period, whole):
        """In name order, each its share of what is left; a scored group what the others leave."""
        left, shares, found = whole, 10**9, {}
        for name, pool in pools.items():
            if "share" in pool:
                own = self.share(pool, clock, period)
                found[name] = left if own == shares else left * own // shares
                left, shares = left - found[name], shares - own
        return found | {name: left for name, pool in pools.items() if "scored" in pool}

    @staticmethod
    def share(pool, clock, period):
        stated = pool["share"]
        if not isinstance(stated, dict):
            return share(stated)
        first, until, step = share(stated["first"]), share(stated["until"]), share(stated["step"])
        moved = step * (period // clock.periods(stated["every"]))
        if moved >= abs(until - first):
            return until
        return first + moved if until > first else first - moved


# ---- comparing -----------------------------------------------------------------------------------------------------------------

def compare(depin, name, until, bonded):
    launch, files = versions(ROOT / "networks" / name / "network.toml")
    command = [depin, "supply", name, "--until", f"{until}-01-01", "--every", "month", "--format", "csv",
               "--bonded", str(bonded)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    ratio = int(Decimal(str(bonded)) * ONE)
    paths = {token: Path(launch, files, token, ratio) for token in files[0][1]["supply"]}
    rows = wrong = figures = 0
    before = {}
    for row in csv.DictReader(io.StringIO(text)):
        path = paths[row["token"]]
        at = instant(row["until"])
        path.advance(at)
        pools_before = before.get(row["token"], {})
        expected = {f"minted.{pool}": path.pools[pool] - pools_before.get(pool, 0) for pool in path.pools}
        expected |= {f"vested.{to}": path.vested(to, at) for to in path.at_genesis}
        expected["supply"] = path.minted
        before[row["token"]] = dict(path.pools)
        for column, value in expected.items():
            figures += 1
            shown = units(row.get(column) or "0", path.decimals)
            if shown != value:
                wrong += 1
                if wrong <= 5:
                    print(f"  {row['until']} {row['token']} {column}: {shown} here, {value} by the checker (base units)")
        rows += 1
    print(f"{name}: {rows} rows, {figures} figures, {wrong} differ")
    return rows > 0 and wrong == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", help="names of folders under networks/ [default: all]")
    parser.add_argument("--depin", default=str(ROOT / "target/debug/depin"), help="the program")
    parser.add_argument("--until", default=2030, type=int, help="the year at whose beginning to stop")
    parser.add_argument("--bonded", default="0.45", help="bonded ratio, where inflation follows it")
    args = parser.parse_args()
    names = args.networks or sorted(folder.name for folder in (ROOT / "networks").iterdir() if (folder / "network.toml").exists())
    good = [compare(args.depin, name, args.until, args.bonded) for name in names]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
