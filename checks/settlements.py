"""How paid jobs are cut, and rewards by worth."""

from fractions import Fraction

from exact import ceil, cut, floor, text


def jobs(i):
    pool, values = i.n("pool", 15000 * 10**8), i.ns("values")
    rewards = [pool * v // sum(values) if sum(values) else 0 for v in values]
    return {"rewards": rewards, "rest": pool - sum(rewards)}


def split(i):
    fee = floor(i.n("cost") * i.share("fee", "5%"))
    return {"burn": i.n("cost") - fee, "fee": fee}


def burnt(i):
    usd = Fraction(95, 100) * Fraction(1, 4) * i.d("credits") * i.d("eur_usd")
    return {"usd": text(cut(usd, 8)), "tokens": floor(usd / i.d("price") * 10**8)}


def ask(i):
    return {"price": text(Fraction(ceil(i.d("ask") / Fraction(95, 100) * 10**8), 10**8))}


def products(i):
    operator, foundation, reward = {"containers": (35, 5, 56), "bandwidth": (60, 5, 31)}[i.raw("product")]
    revenue = i.d("revenue")
    o, f = cut(revenue * operator / 100, 6), cut(revenue * foundation / 100, 6)
    return {"operator": text(o), "foundation": text(f), "burn": text(revenue - o - f), "reward": floor(revenue * reward / 100 / i.d("price") * 10**8)}


def points(i):
    """Band by band, as far as the move goes."""
    total, at, left = 0, i.n("before"), i.n("amount")
    for edge, worth in [(40, 5), (80, 4), (140, 3), (180, 2), (230, 1)]:
        room = max(0, edge * 10**6 - at)
        part = min(left, room)
        total, at, left = total + part * worth, at + part, left - part
    return {"points": total}


def renter(i):
    price = i.n("price")
    reservation = ceil(price * Fraction(25, 10000))
    conversion = ceil(price * Fraction(2, 100)) if i.raw("currency") == "USDC" else 0
    return {"reservation": reservation, "conversion": conversion, "total": price + reservation + conversion}


def supplier(i):
    seconds = i.n("seconds")
    served = seconds - i.n("away", 0)
    due = 0 if served < 3600 else i.n("price") * served // seconds
    fees = ceil(due * Fraction(25, 10000)) + (ceil(due * Fraction(2, 100)) if i.raw("currency", "IO") == "USDC" else 0)
    return {"due": due, "paid": max(0, due - fees)}


def dec(r, high, places):
    return text(Fraction(r.randrange(1, high * 10**places), 10**places))


RULES = {
    "RNDR-PO-1": (jobs, lambda r: {"pool": str(r.randrange(0, 10**13)), "values": [r.randrange(0, 10**6) for _ in range(r.randrange(0, 30))]}),
    "RNDR-PO-2": (points, lambda r: {"before": r.randrange(0, 3 * 10**8), "amount": r.randrange(0, 10**8)}),
    "RNDR-PAY-1": (split, lambda r: {"cost": str(r.randrange(0, 10**12)), "fee": r.choice(["5%", "0.5%", "1.2345678%"])}),
    "RNDR-PAY-2": (ask, lambda r: {"ask": dec(r, 10, 8)}),
    "RNDR-PAY-3": (products, lambda r: {"revenue": dec(r, 10**6, 6), "price": dec(r, 20, 6), "product": r.choice(["containers", "bandwidth"])}),
    "RNDR-CR-1": (burnt, lambda r: {"credits": dec(r, 10**6, 4), "eur_usd": dec(r, 2, 6), "price": dec(r, 20, 6)}),
    "IO-PAY-1": (renter, lambda r: {"price": str(r.randrange(0, 10**12)), "currency": r.choice(["IO", "USDC"])}),
    "IO-PAY-2": (supplier, lambda r: {"price": str(r.randrange(0, 10**12)), "seconds": r.randrange(3600, 10**6), "away": r.randrange(0, 3600),
                                      "currency": r.choice(["IO", "USDC"])}),
}
