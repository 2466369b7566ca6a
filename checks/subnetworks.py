"""Net emission, scores, locks, treasuries and credits of a network of networks."""

from fractions import Fraction

from exact import Near, Refused, exp, floor, isqrt, ln, text

W = 2**32 - 1
CAP = 164383561643
TEN = 10**10


def smoothed(i):
    burned = max(0, max(0, i.n("recorded") - i.n("supply")) - i.n("not_emitted", 0))
    value = 6 * (i.n("before") or 300) // 7 + burned // 7
    again = min(value, i.n("cap", CAP))
    total = i.n("schedule") + again
    return {"burned": burned, "smoothed": value, "again": again, "total": total, "recorded": i.n("supply") + total}


def plain(i):
    return {"again": min(max(0, i.n("before") - i.n("now")), i.n("cap", CAP))}


def price(i):
    """USD for one HNT, low by two confidence intervals."""
    return Fraction(i.n("price") - 2 * i.n("confidence", 0)) * Fraction(10) ** i.n("expo", -8)


def backstop(i):
    """Floor and cap in dollars: a credit is 10^-5 USD, a bone 10^-8 HNT."""
    smooth, net, share = i.n("smoothed"), i.n("cap_net", CAP), i.n("share")
    base = i.n("schedule") + min(smooth, net)
    low, high = price(i), Fraction(i.n("price")) * Fraction(10) ** i.n("expo", -8)
    if high == 0 or low <= 0:
        return {"top_up": 0, "total": base, "cap": 0}

    def bones(credits, p):
        return floor(Fraction(credits, 10**5) / p * 10**8)

    cap, target = bones(3 * i.n("credits"), high), bones(i.n("credits") // 2, low)
    top_up = 0
    if share:
        baseline = base * share // W * 70 // 100
        demand = max(0, target - baseline) * W * 100 // (share * 70)
        top_up = min(0 if demand >= 2**64 else demand, max(0, smooth - net))
    return {"top_up": top_up, "total": base + top_up, "cap": cap}


def overflow(i):
    cap = i.n("cap")
    return {"overflow": min(i.n("escrow"), max(0, i.n("rewards") * 70 // 100 - cap)) if cap else 0}


def mint(i):
    return {"credits": floor(Fraction(i.n("bones"), 10**8) * price(i) * 10**5)}


def cost(i):
    return {"bones": floor(Fraction(i.n("credits"), 10**5) / price(i) * 10**8)}


def utility(i):
    unit = 10**12
    v = max(unit, i.n("vehnt") * 10**4)
    d = max(unit, isqrt(i.n("burned") * unit**2 // 10**5))
    a = max(unit, isqrt(isqrt(i.n("fees") * unit**4 // 10**5)))
    return {"score": text(Fraction(v * d // unit * a // unit, unit))}


def shares(i):
    locks = i.ns("locks")
    if sum(locks) == 0:
        return {"shares": i.ns("shares")}
    target = [Fraction(lock, sum(locks)) for lock in locks]
    return {"shares": [floor((29 * s + W * t) / 30) for s, t in zip(i.ns("shares"), target)]}


def rewards(i):
    networks = i.n("total") * (100 - i.n("hst", 0)) // 100
    mine = networks * i.n("share") // W
    part = mine * i.n("delegators", 6 * 10**8) // TEN
    return {"delegators": part, "escrow": mine - part}


def tokens(i):
    e, d = i.n("emission"), i.n("delegators", 6 * 10**8)
    return {"escrow": e * (TEN - d - i.n("voting", 0)) // TEN, "delegators": e * d // TEN if i.n("votes") else 0}


def mobile(i):
    names = ["coverage", "providers", "mappers", "oracles", "delegators"]
    table = {"HIP-53": [20, 20, 10, 4, 6], "HIP-79": [20, 10, 20, 4, 6], "HIP-147": [0, 10, 20, 4, 6], "HIP-148": [0, 24, 0, 0, 6],
             "HIP-149": [0, 24, 0, 0, 6]}
    amount, percents = i.n("amount"), table[i.raw("rule")]
    parts = {n: amount * p // 100 for n, p in zip(names, percents)}
    left = amount - sum(parts.values())
    data = left if i.raw("rule") == "HIP-149" else amount * (100 - sum(percents)) // 100
    return {"data": data, **parts, "unallocated": left - data}


def issued(i):
    h, credits = i.n("issued"), i.ns("credits")
    sp = min(h, 24 * (h + i.n("delegators")) // 100)
    each = [(h - sp) * c // sum(credits) if sum(credits) else 0 for c in credits]
    return {"providers": sp, "data": h - sp, "deployers": each, "unallocated": h - sp - sum(each)}


def votes(i):
    longest = i.n("longest", 4 * 365 * 86400)
    return {"votes": i.n("amount") * i.n("times", 100) * min(i.n("left"), longest) // longest * i.n("bonus", 1)}


def share(i):
    return {"reward": i.n("votes") * i.n("pool") // i.n("all") if i.n("expiry") > i.n("start") else 0}


def turnout(i):
    last = list(zip(i.raw("voted"), i.raw("open")))[-4:]
    return {"earns": len(last) < 4 or sum(1 for v, o in last if v or o) >= 2}


def redeem(i):
    reserve, supply, burnt = i.n("reserve"), i.n("supply"), i.n("burnt")
    curve = i.d("curve", "0")
    if curve.denominator == 1:
        n = 1 + int(curve)
        return {"paid": reserve - -(-reserve * (supply - burnt) ** n // supply**n)}
    left = exp(ln(Fraction(supply - burnt, supply)) * (1 + curve)) if burnt < supply else 0
    return {"paid": Near(reserve * (1 - left), 1 + Fraction(reserve, 2**149))}


def breaker(i):
    window = i.n("window", 86400)
    total = i.n("amount") + i.n("sum") * (window - min(i.n("elapsed"), window)) // window
    return {"allowed": total <= i.n("limit"), "sum": total}


def claim(i):
    totals = sorted(i.ns("totals"))
    if 2 * len(totals) < i.n("oracles"):
        raise Refused
    return {"payout": max(0, totals[len(totals) // 2] - i.n("paid"))}


def random_lists(r):
    n = r.randrange(1, 6)
    parts = [r.randrange(0, 10**6) for _ in range(n)]
    return {"shares": [W * p // max(1, sum(parts)) for p in parts], "locks": [str(r.choice([0, r.randrange(0, 10**20)])) for _ in range(n)]}


def random_votes(r):
    n = r.randrange(0, 8)
    return {"voted": [r.random() < 0.4 for _ in range(n)], "open": [r.random() < 0.2 for _ in range(n)]}


def random_breaker(r):
    return {"sum": r.randrange(0, 10**12), "amount": r.randrange(0, 10**12), "elapsed": r.randrange(0, 10**5), "limit": r.randrange(0, 2 * 10**12)}


def some(r, high):
    return str(r.randrange(0, high))


RULES = {
    "HNT-EM-5": (smoothed, lambda r: {"recorded": some(r, 10**16), "supply": some(r, 10**16), "not_emitted": some(r, 10**13), "before": some(r, 10**12),
                                      "schedule": some(r, 10**13)}),
    "HNT-EM-6": (plain, lambda r: {"before": some(r, 10**12), "now": some(r, 10**12)}),
    "HNT-EM-7": (backstop, lambda r: {"schedule": some(r, 10**13), "smoothed": some(r, 10**13), "credits": some(r, 10**11),
                                      "price": some(r, 10**9), "confidence": some(r, 10**7), "share": r.choice([0, r.randrange(1, W)])}),
    "HNT-PO-1": (overflow, lambda r: {"rewards": some(r, 10**13), "escrow": some(r, 10**13), "cap": some(r, 10**13)}),
    "HNT-CR-1": (mint, lambda r: {"bones": some(r, 10**14), "price": 10**8 + r.randrange(0, 10**9), "confidence": some(r, 10**7)}),
    "HNT-CR-2": (cost, lambda r: {"credits": some(r, 10**12), "price": 10**8 + r.randrange(0, 10**9), "confidence": some(r, 10**7)}),
    "HNT-PO-2": (utility, lambda r: {"vehnt": some(r, 10**18), "burned": some(r, 10**12), "fees": some(r, 10**13)}),
    "HNT-PO-3": (shares, random_lists),
    "HNT-PO-4": (rewards, lambda r: {"total": some(r, 10**13), "hst": r.randrange(0, 33), "share": r.randrange(0, W)}),
    "HNT-PO-5": (tokens, lambda r: {"emission": some(r, 10**15), "votes": r.randrange(0, 2), "voting": some(r, 10**9)}),
    "HNT-PO-6": (mobile, lambda r: {"amount": some(r, 10**13), "rule": r.choice(["HIP-53", "HIP-79", "HIP-147", "HIP-148", "HIP-149"])}),
    "HNT-PO-7": (issued, lambda r: {"issued": some(r, 10**13), "delegators": some(r, 10**12), "credits": [r.randrange(0, 10**9) for _ in range(r.randrange(0, 9))]}),
    "HNT-LO-1": (votes, lambda r: {"amount": some(r, 10**16), "left": some(r, 2 * 10**8), "bonus": r.choice([1, 3])}),
    "HNT-LO-2": (share, lambda r: {"votes": some(r, 10**18), "all": str(10**18 + r.randrange(0, 10**18)), "pool": some(r, 10**12),
                                   "expiry": r.randrange(0, 3), "start": 1}),
    "HNT-LO-3": (turnout, random_votes),
    "HNT-TR-1": (redeem, lambda r: (lambda s: {"reserve": str(r.randrange(1, 10**16)), "supply": str(s), "burnt": str(r.randrange(0, s + 1)),
                                               "curve": r.choice(["0", "0", "1", "2", "15", "0.5", "3.25"])})(r.randrange(1, 10**20))),
    "HNT-TR-2": (breaker, random_breaker),
    "HNT-PAY-3": (claim, lambda r: {"totals": [r.randrange(0, 10**9) for _ in range(r.randrange(2, 8))], "oracles": 3, "paid": some(r, 10**9)}),
}
