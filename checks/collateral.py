"""Pledges, fees for failures, and payments of storage, by whole numbers."""

from exact import Refused
from minting import FIL, estimates, expected, random_estimates


def initial(i):
    q, supply, baseline, e = i.n("power"), i.n("circulating"), i.n("baseline"), estimates(i)
    since, ramp = i.n("since", 1051897), i.n("ramp", 1051897)
    skew = 0 if since < 0 else 300 if ramp == 0 or since >= ramp else since * 300 // ramp
    storage = max(expected(57600, q, e), 1)
    num, network = supply * 3 * q, e[2] >> 128
    first = (1000 - skew) * num // (max(network, baseline, q) * 10000)
    second = skew * num // (max(network, q) * 10000)
    return {"storage": storage, "baseline_part": first, "simple_part": second,
            "pledge": min(storage + first + second, 10**18 // 2**35 * q)}


def termination(i):
    pledge, age = i.n("pledge"), i.n("age")
    simple = pledge * 85 // 1000
    return {"fee": max(min(simple, age * simple // (140 * 2880)), pledge * 2 // 100, i.n("fault_fee") * 105 // 100)}


def older(i):
    return {"fee": max(i.n("least"), i.n("twenty_days") + i.n("day") * min(i.n("age"), 140 * 2880) // (2880 * 2))}


def daily(i):
    fee = 161817 * i.n("circulating") * i.n("power") // 10**30
    return {"fee": fee, "charged": min(fee, i.n("day_reward", 2**128 - 1) // 2)}


def consensus(i):
    taken = min(i.n("epoch_reward"), i.n("balance"))
    return {"taken": taken, "reporter": min(i.n("epoch_reward") // 20, taken)}


def present(i):
    affected = i.n("affected")
    if affected == 0:
        return {"reward": 0}
    return {"reward": i.n("reward") * i.n("periods") * affected // max(i.n("weight"), affected)}


def locked(i):
    amount, over, gone = i.n("amount"), i.n("over"), i.n("elapsed")
    left = 0 if gone >= over else -(-amount * (over - gone) // over)
    return {"locked": left, "vested": amount - left}


def circulating(i):
    reserve = 300_000_000 * FIL - i.n("reserve")
    return {"circulating": max(0, i.n("vested") + i.n("mined") + reserve - i.n("burnt") - i.n("locked"))}


def stepped(i):
    cliff, every, steps = i.n("cliff", 12), i.n("every", 1), i.n("steps", 24)
    passed = sum(1 for k in range(1, steps + 1) if cliff + k * every <= i.n("elapsed"))
    return {"vested": i.n("amount") * passed // steps}


def tranches(i):
    parts, days = i.ns("parts"), i.ns("days")
    tranches = [i.n("amount") * p // sum(parts) for p in parts]
    tranches[-1] = i.n("amount") - sum(tranches[:-1])
    return {"vested": sum(t for t, d in zip(tranches, days) if d <= i.n("elapsed"))}


def deal(i):
    start, end, last, now = i.n("start"), i.n("end"), i.n("last", -1), i.n("now")
    return {"payment": i.n("price") * max(0, min(end, now) - max(start, last))}


def deal_collateral(i):
    size = i.n("size")
    return {"least": size * i.n("circulating") // (max(i.n("power"), i.n("baseline"), size) * 100)}


def retrieval(i):
    sent, boundary, step = i.n("sent"), 0, i.n("interval", 1 << 20)
    if i.values.get("done", False):
        boundary = sent
    else:
        while boundary + step <= sent:
            boundary += step
            step += i.n("increase", 1 << 20)
    return {"owed": i.n("unseal", 0) + i.n("per_byte", 2) * boundary}


def base_fee(i):
    base = i.n("base")
    walked, premium = 0, 0
    for p, gas in sorted(zip(i.ns("premiums"), i.ns("gas")), key=lambda m: -m[0]):
        walked += gas
        if walked > 7_999_999_999:
            premium = p
            break
    most = -(-base // 8)
    return {"percentile": premium, "next": max(100, base + min(most, premium - most))}


def fee_debt(i):
    """Attos one entry after the other, as they become free."""
    now, owed = i.n("now"), i.n("debt", 0) + i.n("penalty")
    vesting = [[e, a] for e, a in zip(i.ns("epochs"), i.ns("amounts")) if not e < now]
    wanted = owed
    for entry in vesting:
        freed = min(entry[1], wanted)
        entry[1] -= freed
        wanted -= freed
    vesting = [entry for entry in vesting if entry[1]]
    free = i.n("balance") - i.n("deposits", 0) - i.n("pledge", 0) - sum(a for _, a in vesting)
    if free < 0:
        raise Refused
    burnt = min(free, owed)
    return {"burnt": burnt, "debt": owed - burnt, "unlocked": free - burnt, "epochs": [e for e, _ in vesting], "amounts": [a for _, a in vesting]}


def deal_life(i):
    start, end, now = i.n("start"), i.n("end"), i.n("now")
    begun, ended = i.n("activated", -1), i.n("terminated", -1)
    begun, ended = begun if 0 <= begun <= now else None, ended if 0 <= ended <= now else None
    if end <= start or (begun is not None and begun > start) or (ended is not None and (begun is None or ended < begun)):
        raise Refused
    fee, client, provider = i.n("price") * (end - start), i.n("client", 0), i.n("provider")
    if begun is None:
        row = ("published", 0, 0, 0, 0) if now < start else ("expired", 0, fee + client, 0, provider)
    elif ended is not None and ended < end:
        paid = i.n("price") * max(0, ended - start)
        row = ("terminated", paid, fee - paid + client, 0, provider)
    elif now >= end:
        row = ("completed", fee, client, provider, 0)
    else:
        row = ("active", i.n("price") * max(0, now - start), 0, 0, 0)
    return dict(zip(["state", "paid", "client_back", "provider_back", "burnt"], row))


def random_debt(r):
    n = r.randrange(0, 8)
    amounts = [r.randrange(0, 1000) for _ in range(n)]
    held = {"deposits": r.randrange(0, 500), "pledge": r.randrange(0, 5000)}
    return {"balance": sum(amounts) + sum(held.values()) + r.randrange(0, 3000), "debt": r.choice([0, r.randrange(0, 3000)]), "penalty": r.randrange(0, 4000),
            "now": r.randrange(0, 100), "epochs": sorted(r.randrange(0, 100) for _ in range(n)), "amounts": amounts, **held}


def messages(r):
    n = r.randrange(0, 12)
    premiums = r.sample(range(0, 5000), n)
    return {"base": r.randrange(100, 10**6), "premiums": premiums, "gas": [r.randrange(10**8, 3 * 10**9) for _ in range(n)]}


def amount(r):
    return str(r.randrange(0, 10**28))


RULES = {
    "FIL-SL-6": (fee_debt, random_debt),
    "FIL-PAY-6": (deal_life, lambda r: {"start": 100, "end": r.randrange(50, 1000), "price": amount(r)[:20], "client": amount(r)[:20], "provider": amount(r)[:20],
                                        "activated": r.choice([-1, r.randrange(0, 110), r.randrange(0, 100)]),
                                        "terminated": r.choice([-1, -1, r.randrange(50, 1200)]), "now": r.randrange(0, 1200)}),
    "FIL-PL-2": (initial, lambda r: {"power": str(r.randrange(1, 1 << 40)), "circulating": amount(r), "baseline": str(r.randrange(1, 10**20)),
                                     "since": r.randrange(-10**5, 2 * 10**6), "ramp": r.randrange(0, 2 * 10**6), **random_estimates(r)}),
    "FIL-PL-3": (lambda i: {"deposit": max(expected(57600, i.n("power"), estimates(i)), 1)},
                 lambda r: {"power": str(r.randrange(0, 1 << 40)), **random_estimates(r)}),
    "FIL-SL-1": (termination, lambda r: {"pledge": amount(r), "age": r.randrange(0, 10**6), "fault_fee": str(r.randrange(0, 10**26))}),
    "FIL-SL-2": (older, lambda r: {"least": amount(r), "twenty_days": amount(r), "day": str(r.randrange(0, 10**26)), "age": r.randrange(0, 10**6)}),
    "FIL-SL-3": (daily, lambda r: {"circulating": amount(r), "power": str(r.randrange(0, 1 << 40)), "day_reward": str(r.randrange(0, 10**14))}),
    "FIL-SL-4": (consensus, lambda r: {"epoch_reward": str(r.randrange(0, 10**20)), "balance": str(r.randrange(0, 10**20))}),
    "FIL-SL-5": (lambda i: {"penalty": expected(15868, i.n("power"), estimates(i)) + 20 * FIL, "disputer": 4 * FIL},
                 lambda r: {"power": str(r.randrange(0, 1 << 40)), **random_estimates(r)}),
    "GEN-SL-1": (present, lambda r: {"reward": str(r.randrange(0, 10**20)), "periods": r.randrange(0, 1000), "affected": r.randrange(0, 10**12),
                                     "weight": r.randrange(0, 10**12)}),
    "FIL-SU-1": (locked, lambda r: {"amount": amount(r), "over": r.randrange(0, 10**7), "elapsed": r.randrange(0, 10**7)}),
    "FIL-SU-2": (circulating, lambda r: {"vested": amount(r), "mined": amount(r), "reserve": str(r.randrange(0, 3 * 10**26)), "burnt": amount(r),
                                         "locked": amount(r)}),
    "IO-SU-1": (stepped, lambda r: {"amount": amount(r), "elapsed": r.randrange(0, 60), "steps": r.randrange(1, 40), "cliff": r.randrange(0, 14),
                                    "every": r.randrange(1, 4)}),
    "AKT-SU-1": (tranches, lambda r: {"amount": amount(r), "parts": [r.randrange(1, 90) for _ in range(4)],
                                      "days": [r.randrange(0, 900) for _ in range(4)], "elapsed": r.randrange(0, 1000)}),
    "FIL-PAY-1": (deal, lambda r: {"price": r.randrange(0, 10**12), "start": r.randrange(0, 10**4), "end": r.randrange(0, 10**6),
                                   "last": r.randrange(-1, 10**6), "now": r.randrange(0, 10**6)}),
    "FIL-PAY-2": (deal_collateral, lambda r: {"size": str(1 << r.randrange(7, 36)), "circulating": amount(r), "power": str(r.randrange(0, 10**20)),
                                              "baseline": str(r.randrange(0, 10**20))}),
    "FIL-PAY-3": (lambda i: {"least": i.n("ask") * i.n("size") >> 30}, lambda r: {"ask": r.randrange(0, 10**12), "size": 1 << r.randrange(7, 36)}),
    "FIL-PAY-4": (retrieval, lambda r: {"sent": r.randrange(0, 10**9), "unseal": r.randrange(0, 10**6), "per_byte": r.randrange(0, 100),
                                        "interval": r.randrange(10**4, 10**7), "increase": r.randrange(10**4, 10**6), "done": r.random() < 0.2}),
    "FIL-PAY-5": (base_fee, messages),
}
