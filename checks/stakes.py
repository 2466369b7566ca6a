"""Delegated stake, streams out of an escrow, credits against a vault: the chain's decimals as fractions."""

from fractions import Fraction

from exact import Refused, cut, floor, half_even, text


def texts(values):
    return [text(v) for v in values]


def quo(a, b):
    return half_even(cut(Fraction(a) / Fraction(b), 36), 18)


def allocate(i):
    fees, powers = i.n("fees"), i.ns("powers")
    total = sum(powers)
    if total == 0:
        return {"rewards": ["0"] * len(powers), "community": str(fees)}
    shared = cut(fees * (1 - i.d("tax", "0.02")), 18)
    rewards = [cut(shared * cut(Fraction(p, total), 18), 18) for p in powers]
    return {"rewards": texts(rewards), "community": text(fees - sum(rewards))}


def commission(i):
    part = half_even(i.d("reward") * i.d("rate"), 18)
    shared = i.d("reward") - part
    return {"commission": text(part), "shared": text(shared), "ratio": text(i.d("ratio", "0") + cut(shared / i.n("bonded"), 18))}


def delegation(i):
    stake, reward, slashes = i.d("stake"), Fraction(0), i.ds("slashes", [])
    for at, (start, end) in enumerate(zip(i.ds("starts"), i.ds("ends"))):
        reward += cut((end - start) * stake, 18)
        if at < len(slashes):
            stake = cut(stake * (1 - slashes[at]), 18)
    return {"reward": text(reward), "stake": text(stake)}


def slash(i):
    return {"burnt": floor(i.n("stake") * {"double-sign": Fraction(1, 20), "downtime": Fraction(1, 10000)}[i.raw("fault")])}


def weighted(i):
    """Block by block, as long as the whole rate can be paid."""
    balance, funds, rates, blocks = i.d("balance"), i.d("funds", "0"), i.ds("rates"), i.n("blocks")
    rate, paid = sum(rates), [Fraction(0)] * len(rates)
    overdrawn = False
    if rate:
        for _ in range(blocks):
            if balance + funds < rate:
                overdrawn = True
                break
            paid = [p + r for p, r in zip(paid, rates)]
            from_funds = min(funds, rate)
            funds, balance = funds - from_funds, balance - (rate - from_funds)
    if overdrawn:
        rest = balance + funds
        balance, funds = rest, Fraction(0)
        for at, r in enumerate(rates):
            # The last takes no more than there is, where upstream leaves a balance a unit below zero.
            more = min(balance, quo(half_even(rest * r, 18), rate))
            paid[at], balance = paid[at] + more, balance - more
    return {"paid": texts(paid), "balance": text(balance), "funds": text(funds), "overdrawn": overdrawn}


def ordered(i):
    deposits, paid, unsettled = i.ns("deposits"), [], []
    for rate, owed in zip(i.ds("rates"), i.ns("owed")):
        due = owed or floor(rate * i.n("blocks"))
        got = 0
        for at in range(len(deposits)):
            part = min(due - got, deposits[at])
            deposits[at] -= part
            got += part
        paid.append(got)
        unsettled.append(due - got)
    return {"paid": paid, "unsettled": unsettled, "deposits": [d for d in deposits if d], "overdrawn": any(unsettled)}


def take(i):
    fee = i.n("amount") * i.n("rate") // 100
    return {"fee": fee, "earnings": i.n("amount") - fee}


def monthly(i):
    blocks = i.n("blocks", 429909)
    rate = cut(i.d("usd") / i.d("price", "1") * 10**6 / blocks, 18)
    return {"rate": text(rate), "month": text(rate * blocks)}


def swap(i):
    minted = quo(i.d("price_from"), i.d("price_to", "1")) * i.n("amount")
    if floor(minted) < max(1, i.n("least", 10**7)):
        raise Refused
    spread = floor(minted * i.n("spread", 25) / 10000)
    return {"user": floor(minted) - spread, "spread": spread}


def ratio(i):
    vault = max(0, i.n("vault") - i.n("pending", 0))
    bps = floor(vault * i.d("price_akt") / i.d("price_act", "1") * 10000 / i.n("supply"))
    status = "healthy" if bps > i.n("warn", 9500) else "warning" if bps > i.n("halt", 9000) else "halt"
    return {"ratio": bps, "status": status}


def gap(i):
    steps = max(0, i.n("warn", 9500) - i.n("ratio")) // 10
    return {"blocks": min(14400, floor(i.n("least", 10) * Fraction(100 + i.n("backoff", 10), 100) ** min(steps, 200)))}


def shares(i):
    amount, stake, every = i.n("amount"), i.n("stake"), i.n("all")
    if every and not stake:
        raise Refused
    return {"shares": amount * every // stake if every else amount}


def worth(i):
    return {"stake": i.n("stake") if i.n("shares") == i.n("all") else i.n("shares") * i.n("stake") // i.n("all")}


def earned(i):
    total = i.n("shares") * i.n("growth") + i.n("fraction", 0)
    return {"paid": total >> 96, "fraction": total % 2**96}


def signed(i):
    window = i.n("window", 10000)
    least = int(half_even(i.share("share", "5%") * window, 0))
    return {"least": least, "jailed": i.n("blocks") > i.n("since", 0) + window and i.n("missed") > window - least}


def device(i):
    return {"stake": -floor(-i.n("each", 200 * 10**8) * max(Fraction(1), i.d("multiplier")) * i.n("processors", 1))}


def dec(r, high, places):
    return text(Fraction(r.randrange(0, high * 10**places), 10**places))


def lists(r):
    n = r.randrange(1, 5)
    return {"deposits": [r.randrange(1, 5000) for _ in range(r.randrange(0, 4))], "rates": [dec(r, 9, 18) for _ in range(n)],
            "owed": [r.choice([0, r.randrange(0, 900)]) for _ in range(n)], "blocks": r.randrange(0, 900)}


def intervals(r):
    n = r.randrange(1, 5)
    edges = [Fraction(r.randrange(0, 10**18), 10**18) for _ in range(n)]
    return {"stake": dec(r, 10**9, 6), "starts": texts(edges), "ends": texts(e + Fraction(r.randrange(0, 10**17), 10**18) for e in edges),
            "slashes": [dec(r, 1, 4) for _ in range(r.randrange(0, n))]}


RULES = {
    "AKT-ST-1": (allocate, lambda r: {"fees": r.randrange(0, 10**9), "tax": dec(r, 1, 3), "powers": [r.randrange(0, 10**6) for _ in range(r.randrange(0, 70))]}),
    "AKT-ST-2": (commission, lambda r: {"reward": dec(r, 10**7, 18), "rate": text(Fraction(r.randrange(5, 100), 100)), "bonded": str(r.randrange(1, 10**13)), "ratio": dec(r, 2, 18)}),
    "AKT-ST-3": (delegation, intervals),
    "AKT-SL-2": (slash, lambda r: {"stake": str(r.randrange(0, 10**14)), "fault": r.choice(["double-sign", "downtime"])}),
    "AKT-SL-1": (signed, lambda r: {"window": r.randrange(1, 300), "share": f"{r.randrange(0, 101)}%", "since": r.randrange(0, 2000),
                                    "blocks": r.randrange(0, 2000), "missed": r.randrange(0, 300)}),
    "GEN-ST-1": (shares, lambda r: {"amount": str(r.randrange(0, 10**15)), "stake": str(r.randrange(1, 10**15)), "all": str(r.choice([0, r.randrange(1, 10**15)]))}),
    "GEN-ST-2": (worth, lambda r: (lambda n: {"shares": str(r.choice([n, r.randrange(0, n + 1)])), "stake": str(r.randrange(0, 10**15)), "all": str(n)})(
        r.randrange(1, 10**15))),
    "GEN-ST-3": (earned, lambda r: {"shares": str(r.randrange(0, 10**15)), "growth": str(r.randrange(0, 2**110)), "fraction": str(r.randrange(0, 2**96))}),
    "IO-PL-1": (device, lambda r: {"multiplier": text(Fraction(r.randrange(0, 3000), 100)), "processors": r.randrange(1, 200), "each": r.choice([20000000000, r.randrange(0, 1000)])}),
    "IO-SL-1": (lambda i: {"taken": floor(i.n("stake") * i.share("share"))}, lambda r: {"stake": str(r.randrange(0, 10**15)), "share": f"{r.randrange(0, 101)}%"}),
    "AKT-PAY-1": (weighted, lambda r: {"balance": dec(r, 2000, 18), "funds": dec(r, 500, 6), "rates": [dec(r, 3, 18) for _ in range(r.randrange(1, 5))],
                                       "blocks": r.randrange(0, 900)}),
    "AKT-PAY-2": (ordered, lists),
    "AKT-PAY-3": (take, lambda r: {"amount": str(r.randrange(0, 10**12)), "rate": r.randrange(0, 101)}),
    "AKT-PAY-4": (monthly, lambda r: {"usd": dec(r, 5000, 4), "price": text(Fraction(r.randrange(1, 10**6), 10**4))}),
    "AKT-CR-1": (swap, lambda r: {"amount": str(r.randrange(10**8, 10**12)), "price_from": text(Fraction(r.randrange(10**4, 10**6), 10**5)),
                                  "price_to": text(Fraction(r.randrange(10**4, 10**5), 10**5)), "spread": r.randrange(0, 1000)}),
    "AKT-CR-2": (ratio, lambda r: {"vault": str(r.randrange(0, 10**12)), "pending": str(r.randrange(0, 10**10)), "supply": str(r.randrange(1, 10**12)),
                                   "price_akt": dec(r, 3, 6)}),
    "AKT-CR-3": (gap, lambda r: {"ratio": r.randrange(7500, 9600), "least": r.randrange(1, 30), "backoff": r.randrange(5, 30)}),
}
