"""Coverage: beacons, hexes, radios, and data by the packet."""

from fractions import Fraction

from exact import Refused, ceil, cut, floor, half_even, text

HEXES = {4: (2, 500, 1000), 5: (4, 100, 200), 6: (4, 25, 50), 7: (4, 5, 10), 8: (2, 1, 1), 9: (2, 1, 1), 10: (2, 1, 1)}


def units(i):
    n = i.n("witnesses")
    if n == 0:
        b = w = Fraction(0)
    elif n <= 4:
        b, w = Fraction(n, 4), Fraction(1)
    else:
        x = Fraction(4, 5) ** (n - 4)
        b, w = min(Fraction(2), 2 - x), min(Fraction(2), (4 - (1 - x)) / n)
    return {"beaconer": text(half_even(b, 4)), "witness": text(half_even(w, 4))}


def hexes(i):
    wanted, target, most = HEXES[i.n("resolution")]
    there = i.n("there")
    limit = min(most, target * max(max(0, i.n("occupied") - wanted) + 1, 1))
    counted = min(limit, there)
    return {"limit": limit, "counted": counted, "scale": text(cut(Fraction(counted, there), 12)) if there else "1"}


def pools(i):
    """In fractions of a bone: nothing is cut before it is shared."""
    a = Fraction(i.n("all"), 100)
    data = min(i.d("worth"), 50 * a)
    unused = 50 * a - data
    return {"data": text(data), "beacons": text(6 * a + unused / 5), "witnesses": text(24 * a + unused * 4 / 5), "operations": text(7 * a),
            "oracles": text(7 * a)}


def shared(i):
    pool, shares = i.d("pool"), i.ds("shares")
    rate = half_even(pool / sum(shares), 15) if sum(shares) else Fraction(0)
    paid = [floor(rate * s) for s in shares]
    return {"rate": text(rate), "paid": paid, "unallocated": max(0, floor(pool) - sum(paid))}


def per(size, unit):
    return max(1, ceil(Fraction(size, unit)))


def transfer(i):
    pool = i.n("pool")
    fine = [Fraction(ceil(Fraction(c, 10**5) / i.d("price") * 10**23), 10**15) for c in i.ns("credits")]
    scale = Fraction(pool) / sum(fine) if sum(fine) > pool else 1
    paid = [floor(w * scale) for w in fine]
    return {"paid": paid, "rest": pool - sum(paid)}


def points(i):
    table = {("indoor", "high"): 400, ("indoor", "low"): 100, ("outdoor", "high"): 120, ("outdoor", "medium"): 60}
    ranks = {"indoor": [1], "outdoor": [1, Fraction(1, 2), Fraction(1, 4)]}[i.raw("radio")]
    rank = ranks[i.n("rank") - 1] if i.n("rank") <= len(ranks) else 0
    base = Fraction(table.get((i.raw("radio"), i.raw("signal")), 0)) * i.d("assignment", "1") * rank
    trust = i.d("trust", "1")
    boosted = base * (i.n("boost", 1) - 1) if trust >= Fraction(3, 4) and i.n("metres", 0) <= 50 else Fraction(0)
    return {"base": text(base), "boosted": text(boosted), "shares": text((base + boosted) * i.d("speed", "1") * trust)}


def speed(i):
    tests = list(zip(i.ns("down"), i.ns("up"), i.ns("latency")))[:6]
    if len(tests) < 2:
        return {"multiplier": "0"}
    down, up, latency = (sum(t[k] for t in tests) // len(tests) for k in range(3))
    for least_down, least_up, quick, worth in [(100, 10, 50, "1"), (75, 8, 60, "0.75"), (50, 5, 75, "0.5"), (30, 2, 100, "0.25")]:
        if down >= least_down * 125000 and up >= least_up * 125000 and latency < quick:
            return {"multiplier": worth}
    return {"multiplier": "0"}


def trust(i):
    near, far = {"2026": (300, 400), "2024-indoor": (200, 300), "2024-outdoor": (75, 100)}[i.raw("rule", "2026")]
    scores = [Fraction(1) if m <= near else Fraction(1, 4) if m <= far else Fraction(0) for m in i.ns("metres")]
    mean = cut(sum(scores) / len(scores), 4)
    return {"trust": "0" if i.n("farthest", 0) >= 3000 else text(mean)}


def verifier(i):
    credits = 0 if i.raw("free", False) else per(i.n("bytes"), 24)
    valid = i.n("balance") >= i.n("pending") + credits
    pending = i.n("pending") + (credits if valid else 0)
    poor = i.n("balance") - pending < i.n("minimum", 3_500_000)
    return {"credits": credits, "valid": valid, "pending": pending, "disabled": not valid or (i.n("minimum", 3_500_000) > 0 and poor),
            "burns": pending >= i.n("batch", 10_000)}


def witness(i):
    beacon, at, first = i.n("beacon"), i.n("witness"), i.n("first")
    if first > at:
        raise Refused
    checks = [("too_late", at - beacon > 4000 if beacon <= at else at - first > 1500),
              ("invalid_frequency", not -100000 <= i.n("beacon_hz") - i.n("witness_hz") <= 100000),
              ("below_min_distance", i.n("cells") < 8), ("max_distance_exceeded", i.n("metres") >= 101000)]
    return {"reason": next((name for name, fails in checks if fails), "valid")}


def selection(i):
    ranked = sorted((t, k) for k, (t, ok) in enumerate(zip(i.ns("received"), i.raw("valid"))) if ok)
    chosen = [k for _, k in ranked[:i.n("most", 14)]]
    return {"selected": chosen, "count": len(chosen)}


def hex_set(i):
    """From the smallest cells up, with maps by cell; each level's counts are the clipped ones of the level below."""
    counts = dict(enumerate(i.ns("counts")))
    scale = {c: Fraction(1) for c in counts}
    above = {c: c for c in counts}
    rings = i.raw("neighbours", [[]] * 7)
    for resolution, parents, pairs in zip(range(10, 3, -1), i.raw("parents"), rings):
        wanted, target, most = HEXES[resolution]
        parents, there = [int(p) for p in parents], {}
        if len(parents) != len(counts) or max(parents) >= len(counts):
            raise Refused
        for cell, count in counts.items():
            there[parents[cell]] = there.get(parents[cell], 0) + count
        there = {c: there.get(c, 0) for c in range(max(parents) + 1)}
        beside = {c: [c] for c in there}
        for a, b in zip(pairs[::2], pairs[1::2]):
            beside[a].append(b)
            if a != b:
                beside[b].append(a)
        counts = {}
        for cell, count in there.items():
            occupied = sum(1 for other in beside[cell] if there[other] >= target)
            counts[cell] = min(most, target * max(max(0, occupied - wanted) + 1, 1), count)
        for cell in scale:
            above[cell] = parents[above[cell]]
            if there[above[cell]]:
                scale[cell] *= Fraction(counts[above[cell]], there[above[cell]])
    return {"scales": [text(half_even(scale[c], 4)) for c in sorted(scale)]}


def random_hexes(r):
    counts = [r.choice([0, 1, r.randrange(0, 40)]) for _ in range(r.randrange(1, 25))]
    parents, rings, below = [], [], len(counts)
    for _ in range(7):
        here = r.randrange(1, below + 1)
        row = [r.randrange(0, here) for _ in range(below)]
        parents.append(row)
        below = max(row) + 1
        pairs = {(a, b) for a, b in ((r.randrange(0, below), r.randrange(0, below)) for _ in range(10)) if a < b}
        rings.append([c for pair in sorted(pairs) for c in pair])
    return {"counts": counts, "parents": parents, "neighbours": rings}


def random_point(r):
    radio = r.choice(["indoor", "outdoor"])
    return {"radio": radio, "signal": r.choice(["high", "low"] if radio == "indoor" else ["high", "medium", "low", "none"]), "rank": r.randrange(1, 5),
            "assignment": r.choice(["1", "0.7", "0.5", "0.03", "0"]), "boost": r.randrange(1, 5), "speed": r.choice(["1", "0.75", "0.25"]),
            "trust": r.choice(["1", "0.75", "0.25"]), "metres": r.randrange(0, 100)}


def random_speed(r):
    n = r.randrange(0, 9)
    return {"down": [r.randrange(0, 3 * 10**7) for _ in range(n)], "up": [r.randrange(0, 3 * 10**6) for _ in range(n)],
            "latency": [r.randrange(0, 120) for _ in range(n)]}


RULES = {
    "HNT-PAY-4": (verifier, lambda r: {"bytes": r.randrange(0, 256), "free": r.random() < 0.2, "balance": r.choice([r.randrange(0, 100), 3500000 + r.randrange(0, 30000)]),
                                       "pending": r.randrange(0, 20000)}),
    "HNT-SV-6": (witness, lambda r: (lambda first: {"beacon": r.randrange(0, 6000), "first": first, "witness": first + r.randrange(0, 5000), "beacon_hz": 904100000,
                                                    "witness_hz": 904100000 + r.randrange(-110000, 110000), "cells": r.randrange(6, 200),
                                                    "metres": r.randrange(0, 110000)})(r.randrange(0, 4000))),
    "HNT-SV-7": (selection, lambda r: (lambda n: {"received": [r.randrange(0, 50) for _ in range(n)], "valid": [r.random() < 0.8 for _ in range(n)]})(r.randrange(0, 40))),
    "HNT-SV-8": (hex_set, random_hexes),
    "HNT-SV-1": (units, lambda r: {"witnesses": r.randrange(0, 60)}),
    "HNT-SV-2": (hexes, lambda r: {"resolution": r.randrange(4, 11), "occupied": r.randrange(0, 8), "there": r.randrange(0, 1500)}),
    "HNT-SV-3": (points, random_point),
    "HNT-SV-4": (speed, random_speed),
    "HNT-SV-5": (trust, lambda r: {"metres": [r.randrange(0, 450) for _ in range(r.randrange(1, 20))], "farthest": r.randrange(0, 3200),
                                   "rule": r.choice(["2026", "2024-indoor", "2024-outdoor"])}),
    "HNT-PO-8": (pools, lambda r: {"all": r.randrange(0, 10**13), "worth": text(Fraction(r.randrange(0, 10**28), 10**15))}),
    "HNT-PO-10": (shared, lambda r: {"pool": text(Fraction(r.randrange(0, 10**29), 10**16)),
                                     "shares": [text(Fraction(r.randrange(0, 2 * 10**8), 10**8)) for _ in range(r.randrange(0, 9))]}),
    "HNT-PO-9": (transfer, lambda r: {"pool": r.randrange(0, 10**13), "credits": [r.randrange(0, 10**9) for _ in range(r.randrange(0, 9))],
                                      "price": text(Fraction(r.randrange(1, 10**9), 10**8))}),
    "HNT-PAY-1": (lambda i: {"credits": per(i.n("bytes"), 24) * i.n("copies", 1)}, lambda r: {"bytes": r.randrange(0, 300), "copies": r.randrange(1, 9)}),
    "HNT-PAY-2": (lambda i: {"credits": per(i.n("bytes"), i.n("unit", 100000))}, lambda r: {"bytes": r.randrange(0, 10**9), "unit": r.choice([20000, 100000])}),
}
