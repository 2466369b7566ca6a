"""Baseline minting, smoothing and what hangs on it, by whole numbers of any size."""

from fractions import Fraction

from exact import In, Near, exp, ln

ONE = 1 << 128
LAMBDA = 37396271439864487274534522888786
EXP_LAMBDA_LESS_ONE = 37396273494747879394193016954629
GROWTH = 340282591298641078465964189926313473653
FIL = 10**18
NUM = [-648770010757830093818553637600, 67469480939593786226847644286976, -3197587544499098424029388939001856,
       89244641121992890118377641805348864, -1579656163641440567800982336819953664, 17685496037279256458459817590917169152,
       -115682590513835356866803355398940131328, ONE]
DEN = [1225524182432722209606361, 114095592300906098243859450, 5665570424063336070530214243, 194450132448609991765137938448,
       5068267641632683791026134915072, 104716890604972796896895427629056, 1748338658439454459487681798864896,
       23704654329841312470660182937960448, 259380097567996910282699886670381056, 2250336698853390384720606936038375424,
       14978272436876548034486263159246028800, 72144088983913131323343765784380833792, 224599776407103106596571252037123047424, ONE]
LN2 = 235865763225513294137944142764154484399
LN_NUM = [261417938209272870992496419296200268025, 7266615505142943436908456158054846846897,
          32458783941900493142649393804518050491988, 17078670566130897220338060387082146864806,
          -35150353308172866634071793531642638290419, -20351202052858059355702509232125230498980,
          -1563932590352680681114104005183375350999]
LN_DEN = [49928077726659937662124949977867279384, 2508163877009111928787629628566491583994,
          21757751789594546643737445330202599887121, 53400635271583923415775576342898617051826,
          41248834748603606604000911015235164348839, 9015227820322455780436733526367238305537, ONE]


def poly(coefficients, x):
    r = 0
    for c in coefficients:
        r = ((r * x) >> 128) + c
    return r


def expneg(x):
    return (poly(NUM, x) << 128) // poly(DEN, x)


def log(z):
    k = z.bit_length() - 129
    x = z >> k if k > 0 else z << -k
    return k * LN2 + (poly(LN_NUM, x) << 128) // poly(LN_DEN, x)


def grown(baseline):
    return (baseline * GROWTH) >> 128


def simple(epoch):
    return (330_000_000 * FIL * EXP_LAMBDA_LESS_ONE * expneg(LAMBDA * epoch)) >> 128


def theta(time, effective, realized, cumulative):
    return 0 if time == 0 else (time << 128) - ((cumulative - realized) << 128) // effective


def part(t):
    return (ONE - expneg((t * LAMBDA) >> 128)) * 770_000_000 * FIL


def reward(epoch, before, after):
    return (simple(epoch) + part(after) - part(before)) >> 128


def step(i):
    epoch, time, effective = i.n("epoch") + 1, i.n("time"), i.n("effective_baseline")
    realized, cumulative = i.n("realized"), i.n("cumulative")
    before = theta(time, effective, realized, cumulative)
    baseline = grown(i.n("baseline"))
    realized += min(baseline, i.n("power"))
    while realized > cumulative:
        time, effective = time + 1, grown(effective)
        cumulative += effective
    after = theta(time, effective, realized, cumulative)
    return {"epoch": epoch, "time": time, "effective_baseline": effective, "realized": realized, "cumulative": cumulative,
            "baseline": baseline, "reward": reward(epoch, before, after)}


def block(i):
    part, fees, balance = i.n("epoch_reward") * i.n("wins") // 5, i.n("fees", 0), i.n("balance")
    if part + fees > balance:
        return {"block_reward": balance - fees, "paid": balance}
    return {"block_reward": part, "paid": part + fees}


def smooth(i):
    p, v, d = i.n("position"), i.n("velocity"), i.n("epochs") << 128
    x = ((d * v) >> 128) + p
    r = (i.n("observed") << 128) - x
    p, v = x + ((314760000000000000000000000000000000 * r) >> 128), r * 96640100000000000000000000000000 // d + v
    return {"position": p, "velocity": v, "estimate": p >> 128}


def ratio(delta, start, p1, v1, p2, v2):
    t0, d = start << 128, delta << 128
    square = (v2 * v2) >> 128
    if square > 302231454903657293676544:
        a = ((v2 * t0) >> 128) + p2
        b = ((v2 * d) >> 128) + a
        la, lb = log(a), log(b)
        m1 = ((lb - la) * p1 * v2) >> 128
        m2 = (((la - lb) * p2 + v2 * d) * v1) >> 128
        return (m2 + m1) // square
    x = ((v1 * (t0 + (d >> 1))) >> 128) + p1
    return x * d // p2


def estimates(i):
    return [i.n("reward_position"), i.n("reward_velocity"), i.n("power_position"), i.n("power_velocity")]


def expected(epochs, power, e):
    if e[2] >> 128 == 0:
        return e[0] >> 128
    return max(0, (power * ratio(epochs, 0, *e)) >> 128)


def baseline(i):
    value = i.n("before")
    for _ in range(i.n("epochs", 1)):
        value = grown(value)
    return {"baseline": value}


def half_life(i):
    total, half = i.n("total"), i.n("half_life")

    def minted(n):
        return total * (1 - exp(-ln(2) * n / half))

    # The decay is exact to 2^-120 of the total, and each sum is cut.
    bound = 1 + Fraction(total, 1 << 119)
    n = i.n("periods")
    return {"minted": Near(minted(n), bound), "next": Near(minted(n + 1) - minted(n), 2 * bound)}


def random_estimates(rng):
    return {
        "reward_position": str(rng.randrange(10**18, 5 * 10**19) << 128),
        "reward_velocity": str(-rng.randrange(0, 10**12) << 128),
        "power_position": str(rng.randrange(10**15, 10**20) << 128),
        # Falling fast enough, the window ends below zero.
        "power_velocity": str(rng.choice([0, rng.randrange(-10**9, 10**13), -rng.randrange(10**12, 10**17)]) << 128),
    }


def random_step(rng):
    """A state that comes from the rule: some epochs from the beginning, power around the baseline."""
    state = {"epoch": -1, "time": 0, "effective_baseline": 2888888880000000000, "realized": 0, "cumulative": 0,
             "baseline": 2888886975106048385, "power": 0}
    for _ in range(rng.randrange(0, 60)):
        state["power"] = rng.randrange(0, 6 * 10**18)
        out = step(In(state))
        del out["reward"]
        state = {**out, "power": 0}
    state["power"] = rng.randrange(0, 6 * 10**18)
    return {k: str(v) for k, v in state.items()}


RULES = {
    "FIL-EM-1": (half_life, lambda r: {"total": str(r.randrange(1, 10**30)), "half_life": r.randrange(1, 10**7), "periods": r.randrange(0, 10**8)}),
    "FIL-EM-2": (lambda i: {"reward": simple(i.n("epoch")) >> 128}, lambda r: {"epoch": r.randrange(0, 40_000_000)}),
    "FIL-EM-3": (baseline, lambda r: {"before": str(r.randrange(0, 10**20)), "epochs": r.randrange(0, 100)}),
    "FIL-EM-4": (lambda i: {"exp": expneg(i.n("x"))}, lambda r: {"x": str(r.randrange(0, 1 << r.randrange(1, 132)))}),
    "FIL-EM-5": (lambda i: {"ln": log(i.n("z"))}, lambda r: {"z": str(r.choice([-1, 1, 1]) * r.randrange(0, 1 << r.randrange(2, 256)))}),
    "FIL-EM-6": (lambda i: {"theta": theta(i.n("time"), i.n("effective_baseline"), i.n("realized"), i.n("cumulative"))},
                 lambda r: {"time": r.randrange(0, 10**7), "effective_baseline": str(r.randrange(1, 10**19)), "realized": str(r.randrange(0, 10**26)),
                            "cumulative": str(r.randrange(0, 10**26))}),
    "FIL-EM-7": (lambda i: {"reward": reward(i.n("epoch"), i.n("before"), i.n("after"))},
                 lambda r: (lambda t: {"epoch": r.randrange(0, 10**7), "before": str(t), "after": str(t + r.randrange(0, 1 << 128))})(
                     r.randrange(0, 1 << r.randrange(90, 152)))),
    "FIL-EM-8": (step, random_step),
    "FIL-EM-9": (smooth, lambda r: {"position": str(r.randrange(-10**60, 10**60)), "velocity": str(r.randrange(-10**50, 10**50)),
                                    "observed": str(r.randrange(0, 10**20)), "epochs": r.randrange(1, 1000)}),
    "FIL-EM-10": (lambda i: {"sum": ratio(i.n("delta"), i.n("start", 0), *estimates(i))},
                  lambda r: {"delta": r.randrange(0, 10**5), "start": r.randrange(0, 1000), **random_estimates(r)}),
    "FIL-PO-1": (block, lambda r: {"epoch_reward": str(r.randrange(0, 10**20)), "wins": r.randrange(1, 10), "fees": r.randrange(0, 10**15),
                                   "balance": str(r.randrange(10**16, 10**20))}),
    "FIL-PL-1": (lambda i: {"reward": expected(i.n("epochs"), i.n("power"), estimates(i))},
                 lambda r: {"epochs": r.randrange(0, 10**5), "power": str(r.randrange(0, 1 << 45)), **random_estimates(r)}),
}
