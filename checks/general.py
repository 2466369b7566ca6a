"""Rules of every network: payments out of shares, holds, escrows, credits, pledges, prices, swaps, fees, unlocking."""

import datetime as dt
from fractions import Fraction

from exact import In, ceil, cut, floor, text
import stakes


def parts(i):
    amount, shares = i.n("amount"), [Fraction(s.rstrip("%")) / 100 for s in i.raw("shares")]
    rest = [floor(amount * s) for s in shares[1:]]
    return {"parts": [amount - sum(rest)] + rest}


def in_turn(i):
    left, of, out = i.n("amount"), Fraction(1), []
    for share in [Fraction(s.rstrip("%")) / 100 for s in i.raw("shares")]:
        part = floor(left * share / of) if of != share else left
        out.append(part)
        left, of = left - part, of - share
    return {"parts": out}


def moving(i):
    first, until, step = i.share("first"), i.share("until"), i.share("step")
    moves = i.n("period") // i.n("every")
    share = min(until, first + moves * step) if until >= first else max(until, first - moves * step)
    return {"share": text(share * 100) + "%"}


def worth(i):
    paid = min(i.n("amount"), floor(i.n("weight") * i.d("usd") / i.d("price") * 10 ** i.n("decimals")))
    return {"paid": paid, "unused": i.n("amount") - paid}


def current(i):
    part = i.n("amount") * i.n("current") // (i.n("current") + i.n("accrued"))
    return {"current-part": part, "accrued-part": i.n("amount") - part}


def row(i):
    sums = [i.n("amount") * min(n, i.n("periods")) // i.n("periods") for n in (i.n("period"), i.n("period") + 1)]
    return {"sum": sums[0], "reward": sums[1] - sums[0]}


def steps(i):
    gone = i.n("elapsed") - i.n("after")
    if gone < 0:
        return {"vested": 0}
    if gone >= i.n("over"):
        return {"vested": i.n("amount")}
    return {"vested": i.n("amount") * (gone - gone % i.n("every")) // i.n("over")}


def months(i):
    origin = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=i.n("origin"))
    year, month = divmod(origin.year * 12 + origin.month - 1 + i.n("months") * i.n("period"), 12)
    after = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    day = min(origin.day, (after - dt.timedelta(days=1)).day)
    start = origin.replace(year=year, month=month + 1, day=day)
    millis = (start - dt.datetime(1970, 1, 1)) // dt.timedelta(milliseconds=1)
    return {"start": millis, "date": start.strftime("%Y-%m-%dT%H:%M:%SZ")}


def moves(r):
    shares = [f"{n}%" for n in (r.randrange(0, 101), r.randrange(0, 101), r.randrange(0, 6))]
    return {"first": shares[0], "until": shares[1], "step": shares[2], "every": r.randrange(1, 400), "period": r.randrange(0, 9000)}


def started(i):
    return {"units": max(i.n("least", 0), ceil(Fraction(i.n("quantity"), i.n("per"))))}


def weighted(i):
    out = stakes.weighted(In({"balance": i.raw("funds"), "rates": i.raw("rates"), "blocks": i.raw("periods")}))
    return {"earned": out["paid"], "left": out["balance"], "exhausted": out["overdrawn"]}


def ordered(i):
    rates = i.raw("rates")
    out = stakes.ordered(In({"deposits": i.raw("deposits"), "rates": rates, "owed": [0] * len(rates), "blocks": i.raw("periods")}))
    return {"paid": out["paid"], "unsettled": out["unsettled"], "deposits": out["deposits"]}


def lasts(i):
    """Step by step."""
    funds, rates = i.n("funds"), i.ds("rates")
    if sum(rates) == 0:
        return {"periods": 2**64 - 1}
    if i.raw("method") == "weighted":
        return {"periods": floor(funds / sum(rates))}
    n = 0
    while sum(floor(r * (n + 1)) for r in rates) <= funds:
        n += 1
    return {"periods": n}


def credits_cost(i):
    due = Fraction(i.n("credits"), 10 ** i.n("credit-decimals")) * i.d("usd") / i.d("price") * 10 ** i.n("token-decimals")
    return {"burnt": max(1, ceil(due))}


def credits_bought(i):
    whole = Fraction(i.n("tokens"), 10 ** i.n("token-decimals")) * i.d("price") / i.d("usd")
    return {"credits": floor(whole * 10 ** i.n("credit-decimals"))}


def grid(epoch, unit, offset):
    """The least number that is not below the epoch and offset modulo the unit."""
    return epoch + (offset - epoch) % unit


def unlocking(i):
    amount, now, over = i.n("amount"), i.n("now"), i.n("over", 518400)
    free = floor(amount * i.share("immediate", "25%"))
    locked, given, k, epochs, amounts = amount - free, 0, 0, [], []
    while given < locked:
        k += 1
        at = grid(now + k * i.n("step", 2880), i.n("quantum", 1440), i.n("phase", 0))
        target = min(locked, locked * (at - now) // over)
        if target > given:
            epochs.append(at)
            amounts.append(target - given)
        given = target
    return {"free": free, "epochs": epochs, "amounts": amounts}


def median(i):
    prices = sorted(i.ds("prices"))
    low, high = prices[(len(prices) - 1) // 2], prices[len(prices) // 2]
    return {"price": text(cut((low + high) / 2, 18))}


def swap(i):
    net = i.n("given") - ceil(i.n("given") * i.share("fee", "0.3%"))
    return {"out": i.n("theirs") * net // (i.n("ours") + net)}


def base_fee(i):
    base, target = i.n("base"), i.n("target")
    delta = max(-target, min(target, i.n("work") - target))
    step = base * abs(delta) // target // i.n("change", 8)
    return {"next": max(i.n("minimum", 100), base + step if delta >= 0 else max(0, base - step))}


def dec(r, high, places):
    return text(Fraction(r.randrange(1, high * 10**places), 10**places))


def some(r, high):
    return str(r.randrange(0, high))


def rates(r):
    return [dec(r, 9, 6) for _ in range(r.randrange(1, 5))]


RULES = {
    "GEN-EM-1": (row, lambda r: {"amount": some(r, 10**17), "periods": r.randrange(1, 60), "period": r.randrange(0, 80)}),
    "GEN-EM-2": (lambda i: {"given": i.n("amount") * min(i.n("passed"), i.n("length")) // i.n("length")},
                 lambda r: {"amount": some(r, 10**17), "passed": r.randrange(0, 10**7), "length": r.randrange(1, 10**7)}),
    "GEN-EM-3": (lambda i: {"again": min(i.n("burnt") - i.n("before"), i.n("most"))},
                 lambda r: (lambda b: {"burnt": str(b + r.randrange(0, 10**12)), "before": str(b), "most": some(r, 10**12)})(r.randrange(0, 10**15))),
    "GEN-EM-4": (months, lambda r: {"origin": r.randrange(0, 2 * 10**9) * 1000, "months": r.randrange(1, 25), "period": r.randrange(0, 300)}),
    "GEN-SU-1": (steps, lambda r: {"amount": some(r, 10**17), "after": r.randrange(0, 60), "over": r.randrange(0, 60), "every": r.randrange(1, 9),
                                   "elapsed": r.randrange(0, 150)}),
    "GEN-PO-1": (in_turn, lambda r: {"amount": some(r, 10**17), "shares": r.choice([["65%", "35%"], ["29%", "30%", "35%", "6%"], ["33.3%", "33.3%", "33.4%"],
                                                                                     ["0%", "100%"], ["12.3456789%", "87.6543211%"]])}),
    "GEN-PO-2": (lambda i: {"part": i.n("amount") * i.n("weight") // i.n("all")},
                 lambda r: (lambda a: {"amount": some(r, 10**17), "weight": some(r, a + 1), "all": str(a)})(r.randrange(1, 10**12))),
    "GEN-PO-3": (moving, moves),
    "GEN-PO-4": (worth, lambda r: {"amount": some(r, 10**12), "weight": some(r, 10**9), "usd": dec(r, 1, 6), "price": dec(r, 9, 6), "decimals": r.randrange(0, 10)}),
    "GEN-PO-5": (current, lambda r: {"amount": some(r, 10**17), "current": r.randrange(0, 10**9), "accrued": r.randrange(1, 10**9)}),
    "GEN-PAY-1": (parts, lambda r: {"amount": some(r, 10**20), "shares": r.choice([["80%", "20%"], ["33.3333333%", "33.3333333%", "33.3333334%"], ["100%"]])}),
    "GEN-PAY-2": (lambda i: {"units": ceil(i.d("usd") / i.d("price") * 10 ** i.n("decimals"))},
                  lambda r: {"usd": dec(r, 10**4, 18), "price": dec(r, 90, 18), "decimals": r.randrange(0, 19)}),
    "GEN-PAY-3": (started, lambda r: {"quantity": some(r, 10**9), "per": r.randrange(1, 10**5), "least": r.randrange(0, 100)}),
    "GEN-PAY-4": (lambda i: {"amount": i.n("left") * i.n("part") // i.n("rest")},
                  lambda r: (lambda rest: {"left": some(r, 10**20), "part": some(r, rest + 1), "rest": str(rest)})(r.randrange(1, 10**15))),
    "GEN-PAY-5": (weighted, lambda r: {"funds": dec(r, 5000, 18), "rates": rates(r), "periods": r.randrange(0, 900)}),
    "GEN-PAY-6": (ordered, lambda r: {"deposits": [r.randrange(1, 5000) for _ in range(r.randrange(0, 4))], "rates": rates(r), "periods": r.randrange(0, 900)}),
    "GEN-PAY-7": (lasts, lambda r: {"method": r.choice(["weighted", "ordered"]), "funds": r.randrange(0, 5000), "rates": rates(r)}),
    "GEN-PAY-8": (median, lambda r: {"prices": [dec(r, 90, 18) for _ in range(r.randrange(1, 9))]}),
    "GEN-PAY-9": (swap, lambda r: {"given": some(r, 10**12), "ours": str(r.randrange(1, 10**15)), "theirs": some(r, 10**15), "fee": r.choice(["0.3%", "0%", "1.25%"])}),
    "GEN-PAY-10": (base_fee, lambda r: {"base": r.randrange(100, 10**9), "work": r.randrange(0, 3 * 10**9), "target": r.randrange(1, 10**9),
                                        "change": r.randrange(1, 20)}),
    "GEN-CR-1": (credits_cost, lambda r: {"credits": some(r, 10**12), "usd": "0.00001", "price": dec(r, 20, 8), "token-decimals": 8, "credit-decimals": r.randrange(0, 3)}),
    "GEN-CR-2": (credits_bought, lambda r: {"tokens": some(r, 10**14), "usd": dec(r, 2, 6), "price": dec(r, 20, 8), "token-decimals": 8, "credit-decimals": r.randrange(0, 3)}),
    "GEN-PL-1": (lambda i: {"pledge": max(i.n("least", 0), ceil(Fraction(i.n("per_gib") * i.n("bytes"), 2**30)))},
                 lambda r: {"per_gib": some(r, 10**18), "bytes": some(r, 1 << 40), "least": some(r, 10**18)}),
    "FIL-LO-1": (unlocking, lambda r: {"amount": some(r, 10**20), "now": r.randrange(0, 10**7), "phase": r.randrange(0, 2880),
                                       "over": r.choice([518400, 10000, 2879]), "step": r.choice([2880, 1000])}),
    "FIL-LO-2": (lambda i: {"epoch": grid(i.n("epoch"), i.n("unit"), i.n("offset"))} if i.n("epoch") >= i.n("offset") % i.n("unit")
                 else {"epoch": i.n("offset") % i.n("unit")},
                 lambda r: {"epoch": r.randrange(0, 10**6), "unit": r.randrange(1, 5000), "offset": r.randrange(0, 10**5)}),
}
