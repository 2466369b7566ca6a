"""Schedules of emission, inflation and supplements."""

from fractions import Fraction

from exact import Near, ceil, cut, exp, floor, half_even, ln, text

HNT_STARTS = [1681776000, 1690934400, 1691020800, 1722470401, 1754006401]
HNT_AMOUNTS = [8219178082192, 8219178082192, 4098360655738, 4109589041096, 2054794520548]
HST_STARTS = [1681776000, 1690848000, 1722470400, 1738022401]
HST_PERCENTS = [32, 31, 30, 0]
DAY = 86400


def halving(i):
    first, every = i.n("first", 60_000_000 * 10**8), i.n("every", 2)
    years = [first // 2 ** ((y - 1) // every) for y in range(1, i.n("year") + 1)]
    return {"amount": years[-1], "month": years[-1] // 12, "sum": sum(years)}


def rows(i):
    end = (i.n("epoch") + 1) * DAY
    total = percent = 0
    for start, amount in zip(i.ns("starts", HNT_STARTS), i.ns("amounts", HNT_AMOUNTS)):
        if start <= end:
            total = amount
    for start, p in zip(i.ns("hst_starts", HST_STARTS), i.ns("hst_percents", HST_PERCENTS)):
        if start <= end:
            percent = p
    networks = total * (100 - percent) // 100
    return {"total": total, "networks": networks, "founders": total - networks}


def taper(i):
    now, start, amount = i.n("now"), i.n("start", 1785931200), i.n("amount", 98_000 * 10**8)
    flat, fall = i.n("flat", 360 * DAY), i.n("fall", 720 * DAY)
    if now < start or now >= start + flat + fall:
        piece = 0
    elif now < start + flat:
        piece = amount
    else:
        piece = amount * (start + flat + fall - now) // fall
    return {"slice": piece, "council": piece * 125 // 10000, "vault": piece - piece * 125 // 10000}


def drift(i):
    y, amount = i.n("year"), i.n("amount")
    data = min(floor(amount * Fraction(30 + Fraction(5, 2) * (y - 1), 100)), i.n("data_used", 2**100))
    founders = floor(amount * Fraction(max(15, 35 - (y - 1)), 100))
    consensus = floor(amount * Fraction(6, 100))
    return {"coverage": amount - data - founders - consensus, "data": data, "founders": founders, "consensus": consensus}


def damped(i):
    table, cap = i.ns("table", [n * 10**8 for n in (9126804, 5905580, 5905580, 4700000, 4700000)]), i.n("cap", 107374182 * 10**8)
    left, last, given = cap, 0, 0
    for y in range(i.n("year")):
        last = table[y] if y < len(table) else last * i.n("keep", 945) // 1000
        given = min(last, left)
        left -= given
    return {"amount": given, "sum": cap - left}


def month(i):
    token = 10**8
    budget = i.n("budget", 190142 * token)
    return {"month": floor(Fraction(i.n("year"), 12 * token) + Fraction(1, 2)) * token, "week": budget * 12 * 7 // 365,
            "week52": budget * 12 // 52}


def inflation(i):
    """The chain's decimals: quotients cut at the 36th and rounded at the 18th place, products rounded at the 18th."""
    supply, blocks = i.n("supply"), i.n("blocks", 5256000)

    def quo(a, b):
        return half_even(cut(Fraction(a) / Fraction(b), 36), 18)

    ratio = cut(Fraction(i.n("bonded"), supply), 18) if supply else Fraction(0)
    year = half_even((1 - quo(ratio, i.d("goal", "0.67"))) * i.d("change", "5"), 18)
    rate = i.d("inflation") + quo(year, blocks)
    rate = max(min(rate, i.d("most", "0.25")), i.d("least", "0.15"))
    return {"inflation": text(rate), "minted": floor(cut(rate * supply / blocks, 18))}


def paper(i):
    genesis, rate = i.n("genesis", 10**14), i.d("rate", "1")
    years = Fraction(i.n("half_life", 730), 365)
    limit = genesis * rate * years / ln(2)
    gone = 1 - exp(-ln(2) * i.n("days") / i.n("half_life", 730))
    return {"supply": Near(genesis + limit * gone, 1), "limit": Near(genesis + limit, 1)}


def decay(i):
    years = i.d("seconds") / 31557600
    exact = exp(-ln(2) * years / i.d("decay", "2")) * 10**6
    near = half_even(exact, 0)
    # At whole halvings the decimal's last digits decide nothing.
    coefficient = near if abs(exact - near) < Fraction(1, 10**40) else floor(exact)
    ideal = half_even(i.d("initial", "100") * Fraction(int(coefficient), 10**6), 18)
    v = i.d("variance", "0.05")
    low, high = max(Fraction(0), half_even(ideal * (1 - v), 18)), half_even(ideal * (1 + v), 18)
    return {"ideal": text(ideal), "inflation": text(min(max(i.d("inflation") + i.d("step", "0"), low), high))}


def series(base, first, factor, n):
    """base * first * (1 + factor + … + factor^(n-1)) by the closed form in 60 digits."""
    if factor == 1:
        return base * first * n
    if n == 0:
        return Fraction(0)
    power = exp(ln(factor) * n) if factor > 0 else Fraction(0)
    return base * first * (1 - power) / (1 - factor)


def sums(i, key, base, first, factor, last):
    n = i.n(key)
    now, before = series(base, first, factor, min(n, last)), series(base, first, factor, min(n - 1, last))
    return {"amount": Near(now - before, 1), "sum": Near(now, 1)}


def hourly(i):
    factor = 1 - i.d("less", "0.000013886952395979300")
    return sums(i, "hour", i.n("base", 5 * 10**16), i.d("rate", "0.000009132420091324200"), factor, i.n("hours", 175319))


def monthly(i):
    factor = i.d("factor", "0.9898489529623495")
    return sums(i, "month", i.n("base", 5 * 10**16), i.d("rate", "0.08") / 12, factor, i.n("months", 240))


def hour_of_month(i):
    m, j, h = i.n("month"), i.n("hour"), i.n("hours", 744)
    return {"amount": m * j // h - m * (j - 1) // h}


def dollars(i):
    due = ceil(i.d("owed") / i.d("price") * 10**8)
    reward = min(due, i.n("reward_vault"))
    fee = min(due - reward, i.n("fee_vault"))
    return {"reward": reward, "fee": fee, "short": due - reward - fee}


def surplus(i):
    left = max(0, i.n("earnings") - i.n("paid"))
    burn = ceil(left * i.share("share", "50%"))
    return {"burn": burn, "kept": left - burn}


def pools(i):
    first = floor(i.n("emission") * i.share("share", "95%"))
    return {"first": first, "second": i.n("emission") - first}


def dec(r, high, places):
    return text(Fraction(r.randrange(0, high * 10**places), 10**places))


RULES = {
    "HNT-EM-1": (halving, lambda r: {"year": r.randrange(1, 60), "every": r.randrange(1, 5)}),
    "HNT-EM-2": (rows, lambda r: {"epoch": r.randrange(19400, 21000)}),
    "HNT-EM-3": (taper, lambda r: {"now": 1785931200 + r.randrange(-10 * DAY, 1200 * DAY)}),
    "HNT-EM-4": (drift, lambda r: {"year": r.randrange(1, 21), "amount": str(r.randrange(0, 10**16)), "data_used": str(r.randrange(0, 10**16))}),
    "RNDR-EM-1": (damped, lambda r: {"year": r.randrange(1, 120), "keep": r.choice([945, 0, 1000, r.randrange(0, 1001)])}),
    "RNDR-EM-2": (month, lambda r: {"year": str(r.randrange(0, 10**16)), "budget": str(r.randrange(0, 10**15))}),
    "AKT-EM-1": (inflation, lambda r: {"inflation": dec(r, 1, 18), "bonded": str(r.randrange(0, 10**14)), "supply": str(r.randrange(10**14, 4 * 10**14)),
                                       "least": "0.04", "most": r.choice(["0.08", "0.6"]), "change": dec(r, 5, 2), "blocks": r.randrange(1, 10**7)}),
    "AKT-EM-2": (paper, lambda r: {"days": r.randrange(0, 20000), "half_life": r.randrange(1, 2000), "rate": dec(r, 2, 4)}),
    "AKT-EM-3": (decay, lambda r: {"seconds": dec(r, 10**9, 9), "inflation": dec(r, 100, 18), "step": "-" + dec(r, 1, 12),
                                 "decay": text(1 + Fraction(r.randrange(0, 5 * 10**18), 10**18))}),
    "IO-EM-1": (hourly, lambda r: {"hour": r.randrange(1, 180000)}),
    "IO-EM-2": (monthly, lambda r: {"month": r.randrange(1, 260)}),
    "IO-EM-3": (hour_of_month, lambda r: {"month": str(r.randrange(0, 10**15)), "hour": r.randrange(1, 672), "hours": r.choice([672, 696, 720, 744])}),
    "IO-EM-4": (dollars, lambda r: {"owed": dec(r, 10**6, 8), "price": text(Fraction(r.randrange(1, 9 * 10**6), 10**6)),
                                    "reward_vault": str(r.randrange(0, 10**15)), "fee_vault": str(r.randrange(0, 10**14))}),
    "IO-TR-1": (surplus, lambda r: {"earnings": r.randrange(0, 10**9), "paid": r.randrange(0, 10**9), "share": r.choice(["50%", "62.5%", "100%"])}),
    "IO-PO-1": (pools, lambda r: {"emission": r.randrange(0, 10**12), "share": r.choice(["95%", "33.3333333%", "0%"])}),
}
