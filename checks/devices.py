"""Rendering, compute nodes, clusters and leases: scores, prices and stakes by device."""

from fractions import Fraction

from exact import Near, Refused, ceil, cut, exp, floor, ln, text


def cost(i):
    work = sum(Fraction(b * s, 3600) for b, s in zip(i.ns("bench"), i.ns("seconds")))
    credits = work / {1: 25, 2: 100, 3: 200}[i.n("tier")]
    return {"work": text(Fraction(ceil(work * 10**4), 10**4)), "credits": text(Fraction(ceil(credits * 10**4), 10**4))}


def availability(i):
    def part(own, mean):
        return ln(i.n(own)) / ln(i.n(mean)) if i.n(own) > 1 else Fraction(0)

    n = i.n("nodes", 1)
    penalty = Fraction(1) if n <= 3 else exp(Fraction(-65, 100) * (n - 3))
    score = i.share("idle") * (3 * part("bench", "mean_bench") + 3 * part("vram", "mean_vram") + part("age", "mean_age")) * penalty
    # Seven quotients, the idle part and the penalty are each cut at the 12th place; the sum of quotients may be some hundreds.
    return {"score": Near(score, Fraction(1000, 10**12))}


def compute(i):
    base = i.n("base", 25 * 10**8)
    return {"availability": floor(i.n("present", 2 * 10**8) * i.share("uptime")), "job": floor(base * i.d("multiplier", "1") * Fraction(i.n("seconds"), 604800))}


def multiplier(i):
    vram = i.n("vram") if i.n("vram") > 4 else 0
    total = (Fraction(36, 100) * i.d("gpu") + Fraction(26, 100) * Fraction(vram, 24) + Fraction(15, 100) * i.d("network")
             + Fraction(8, 100) * Fraction(i.n("clock"), 2500) + Fraction(8, 100) * Fraction(i.n("bandwidth"), 1410) + Fraction(4, 100) * i.d("cpu"))
    return {"multiplier": text(cut(total, 4))}


def older(i):
    band = {"low": 2, "medium": 4, "high": 6, "ultra": 8}[i.raw("bandwidth")]
    score = (Fraction(1, 4) * (Fraction(1, 10) + Fraction(9, 10) * Fraction(i.n("earned"), i.n("best"))) + Fraction(35, 100) * Fraction(band, 10)
             + Fraction(1, 5) * i.d("gpu") + Fraction(1, 5) * i.share("uptime"))
    # Two parts are cut at the ninth place.
    return {"score": Near(score, Fraction(2, 10**9))}


def base(i):
    score = ((Fraction(2, 100) * i.n("tier") / 4 + 2 * i.d("multiplier") * i.n("quantity")) * 100 + (Fraction(5, 100) if i.raw("hired") else 0)) * 10
    return {"score": text(score)}


def rewards(i):
    pool, counted = i.n("pool"), [s if ok else 0 for s, ok in zip(i.ns("scores"), i.raw("passed"))]
    each = [pool * s // sum(counted) if sum(counted) else 0 for s in counted]
    return {"rewards": each, "rest": pool - sum(each)}


def co_stake(i):
    owner, co = i.n("owner"), i.n("co")
    eligible = 2 * co <= owner + co and owner + co >= i.n("least")
    reward = i.n("reward") if eligible else 0
    part = floor(reward * i.share("share"))
    return {"eligible": eligible, "owner_reward": reward - part, "co_reward": part}


def scale(i):
    each = i.n("cpu_milli") * i.d("cpu_price") + i.n("memory") * i.d("memory_price") + i.n("storage") * i.d("storage_price")
    price = each * i.n("count") + i.n("endpoints", 0) * i.d("endpoint_price", "0") + i.n("ips", 0) * i.d("ip_price", "0")
    return {"price": text(price), "bids": 0 < price <= i.d("most")}


def order(i):
    ceiling = sum(p * n for p, n in zip(i.ds("prices"), i.ns("counts")))
    taken = 0 < i.d("price") <= ceiling and i.n("deposit") >= i.n("least", 500000) and i.n("bids") <= i.n("most", 20)
    return {"ceiling": text(ceiling), "taken": taken}


def reserve(i):
    value, factor = i.n("value"), i.d("factor")
    return {"reserved": value if factor <= 1 else max(1, floor(value / factor + Fraction(1, 2)))}


def dec(r, high, places):
    return text(Fraction(r.randrange(0, high * 10**places), 10**places))


def in_bytes(i):
    def total(name):
        return sum(n * c for n, c in zip(i.ns(name), i.ns("counts")))

    def mebibytes(name):
        return Fraction(floor(Fraction(total(name), 1 << 20) * 10**16 + Fraction(1, 2)), 10**16)

    memory, storage = mebibytes("memory"), mebibytes("storage")
    price = (total("cpu_milli") * i.d("cpu_price") + memory * i.d("memory_price") + storage * i.d("storage_price")
             + i.n("endpoints", 0) * i.d("endpoint_price", "0"))
    return {"memory": text(memory), "storage": text(storage), "price": text(price)}


def first_year(i):
    month, quarter = i.n("month"), 95_071 * 10**8
    quarters = (2, 0) if month < 4 else (1, 1) if month < 10 else (0, 2)
    return {"operators": 2 * quarter, "liquidity": quarters[0] * quarter, "artists": quarters[1] * quarter, "compute": quarter, "upgrades": quarter,
            "foundation": 2 * quarter}


def compute_pool(i):
    pool = min(i.n("published", 95_071 * 10**8), 75 * 10**8 * i.n("nodes"))
    if pool > i.n("left"):
        raise Refused
    return {"pool": pool, "next": (i.n("left") - pool) // i.n("months")}


def nomination(i):
    shut = [("status", i.raw("status", "active") != "active"), ("uptime", i.n("uptime") < i.n("least_uptime", 5 * 3600)),
            ("stake", i.n("stake") < i.n("least_stake")), ("cool-down", i.raw("cooling", False)), ("wallet", not i.raw("own_wallet", True)),
            ("wallets", i.n("wallets") < i.n("least_wallets", 3)), ("cluster-test", not i.raw("tested", True)),
            ("multiplier", i.d("multiplier") == 0), ("connectivity", i.n("tier") == 0)]
    gate = next((name for name, fails in shut if fails), "nominated")
    return {"nominated": gate == "nominated", "gate": gate}


def idle(i):
    gpu = {"strict": 5, "other": 20, "apple": 100}[i.raw("class")]
    fits = i.share("cpu") * 100 <= 30 and i.share("gpu", "0%") * 100 <= gpu
    return {"idle": fits, "cpu_most": "30%", "gpu_most": f"{gpu}%"}


def cool_down(i):
    who, asked, now = i.raw("who"), i.n("asked"), i.n("now")
    if now < asked or (who == "owner" and i.raw("hired", False)):
        raise Refused
    days = {"owner": (0, 14), "co-staker": (7, 21), "co-staker-owner-left": (0, 14)}[who]
    until, free = (asked + d * 86400 for d in days)
    return {"counts_until": until, "free_at": free, "state": "free" if now >= free else "cooling" if now >= until else "notice"}


def units(r):
    n = r.randrange(1, 5)
    return {"counts": [r.randrange(0, 9) for _ in range(n)], "cpu_milli": [r.randrange(10, 10**5) for _ in range(n)],
            "memory": [r.randrange(1, 10**11) for _ in range(n)], "storage": [r.randrange(1, 10**13) for _ in range(n)], "endpoints": r.randrange(0, 9),
            "cpu_price": dec(r, 1, 8), "memory_price": dec(r, 1, 16), "storage_price": dec(r, 1, 10), "endpoint_price": dec(r, 1, 4)}


def device_state(r):
    return {"status": r.choice(["active"] * 9 + ["blocked", "unsupported"]), "uptime": r.choice([18000, r.randrange(0, 40000), 10**6]), "stake": r.randrange(5, 100),
            "least_stake": r.randrange(0, 10), "cooling": r.random() < 0.1, "own_wallet": r.random() < 0.9, "wallets": r.randrange(2, 6),
            "tested": r.random() < 0.9, "multiplier": r.choice(["0", "1.25", "0.75", "30"]), "tier": r.randrange(0, 5)}


def frames(r):
    n = r.randrange(1, 20)
    return {"bench": [r.randrange(50, 3000) for _ in range(n)], "seconds": [r.randrange(1, 5000) for _ in range(n)], "tier": r.randrange(1, 4)}


def scores(r):
    n = r.randrange(0, 20)
    return {"pool": r.randrange(0, 10**12), "scores": [r.randrange(0, 10**8) for _ in range(n)], "passed": [r.random() < 0.8 for _ in range(n)]}


def offers(r):
    n = r.randrange(1, 5)
    return {"prices": [dec(r, 5, 18) for _ in range(n)], "counts": [r.randrange(0, 9) for _ in range(n)], "price": dec(r, 30, 6),
            "deposit": r.randrange(499990, 500010), "bids": r.randrange(15, 23)}


RULES = {
    "AKT-SV-4": (in_bytes, units),
    "RNDR-EM-3": (first_year, lambda r: {"month": r.randrange(1, 13)}),
    "RNDR-PO-3": (compute_pool, lambda r: {"nodes": r.randrange(0, 3000), "left": str(r.randrange(0, 10**14)), "months": r.randrange(1, 12)}),
    "IO-SV-3": (nomination, device_state),
    "IO-SV-4": (idle, lambda r: {"class": r.choice(["strict", "other", "apple"]), "cpu": f"{r.randrange(0, 40)}%", "gpu": f"{r.randrange(0, 500) / 10}%"}),
    "IO-LO-1": (cool_down, lambda r: {"who": r.choice(["owner", "co-staker", "co-staker-owner-left"]), "asked": 1750000000,
                                      "now": 1750000000 + r.randrange(-9, 25 * 86400), "hired": r.random() < 0.2}),
    "RNDR-SV-1": (cost, frames),
    "RNDR-SV-2": (availability, lambda r: {"idle": f"{r.randrange(0, 101)}%", "bench": r.randrange(0, 5000), "mean_bench": r.randrange(2, 3000),
                                           "vram": r.randrange(0, 200), "mean_vram": r.randrange(2, 80), "age": r.randrange(0, 2000),
                                           "mean_age": r.randrange(2, 1000), "nodes": r.randrange(1, 40)}),
    "RNDR-SV-3": (compute, lambda r: {"uptime": f"{r.randrange(0, 101)}%", "seconds": r.randrange(0, 604801), "multiplier": dec(r, 5, 4)}),
    "RNDR-SV-4": (multiplier, lambda r: {"gpu": dec(r, 2, 2), "vram": r.randrange(0, 100), "network": dec(r, 4, 2), "clock": r.randrange(0, 4000),
                                         "bandwidth": r.randrange(0, 4000), "cpu": r.choice(["0.5", "1", "1.5"])}),
    "RNDR-SV-5": (older, lambda r: {"earned": r.randrange(0, 1000), "best": r.randrange(1000, 2000), "bandwidth": r.choice(["low", "medium", "high", "ultra"]),
                                    "gpu": dec(r, 1, 2), "uptime": f"{r.randrange(0, 101)}%"}),
    "IO-SV-1": (base, lambda r: {"tier": r.randrange(0, 5), "multiplier": dec(r, 30, 2), "quantity": r.randrange(1, 9), "hired": r.random() < 0.5}),
    "IO-SV-2": (lambda i: {"score": text(cut(i.d("base") / i.d("sum") * 8_000_000, 2))},
                lambda r: {"base": dec(r, 200000, 2), "sum": str(200000 + r.randrange(0, 10**8))}),
    "IO-PO-2": (rewards, scores),
    "IO-ST-1": (co_stake, lambda r: {"owner": r.randrange(0, 1000), "co": r.randrange(0, 1000), "least": r.randrange(0, 1000), "reward": r.randrange(0, 10**9),
                                     "share": f"{r.randrange(0, 101)}%"}),
    "AKT-SV-1": (scale, lambda r: {"cpu_milli": r.randrange(10, 10**5), "memory": r.randrange(1, 10**5), "storage": r.randrange(5, 10**6), "count": r.randrange(1, 50),
                                   "endpoints": r.randrange(0, 9), "ips": r.randrange(0, 3), "cpu_price": dec(r, 1, 8), "memory_price": dec(r, 1, 8),
                                   "storage_price": dec(r, 1, 10), "endpoint_price": dec(r, 1, 4), "ip_price": dec(r, 9, 4), "most": dec(r, 10**7, 2)}),
    "AKT-SV-2": (order, offers),
    "AKT-SV-3": (reserve, lambda r: {"value": r.randrange(0, 10**6), "factor": dec(r, 5, 4)}),
}
