"""Pieces, power and proofs of storage; the commitment with a plain tree."""

import base64
import hashlib
from fractions import Fraction

from exact import Refused, cut, floor, text
from keccak import keccak256


def piece(i):
    size = 128
    while size // 128 * 127 < i.n("payload"):
        size *= 2
    return {"size": size, "capacity": size // 128 * 127, "leaves": size // 32, "height": (size // 32).bit_length() - 1}


def commitment(i):
    given = i.raw("payload", "")
    payload = base64.b64decode(given[7:]) if given.startswith("base64:") else bytes.fromhex(given)
    payload += bytes(i.n("zeros", 0))
    blocks = 1
    while blocks * 127 < len(payload):
        blocks *= 2
    payload += bytes(blocks * 127 - len(payload))
    row = []
    for at in range(0, len(payload), 127):
        bits = int.from_bytes(payload[at:at + 127], "little")
        for _ in range(4):
            row.append((bits & ((1 << 254) - 1)).to_bytes(32, "little"))
            bits >>= 254
    while len(row) > 1:
        pairs = [hashlib.sha256(row[k] + row[k + 1]).digest() for k in range(0, len(row), 2)]
        row = [p[:31] + bytes([p[31] & 0x3F]) for p in pairs]
    return {"commitment": row[0].hex(), "size": blocks * 128}


def quality(i):
    space, verified = i.n("size") * i.n("duration"), i.n("verified", 0)
    q = ((((space - verified) * 10 + verified * 100) << 20) // space) // 10
    return {"quality": q, "power": (i.n("size") * q) >> 20}


def deadline(i):
    opens = i.n("period") + i.n("deadline") * 60
    return {"open": opens, "close": opens + 60, "challenge": opens - 20, "cutoff": opens - 70}


def skipped(i):
    now, end, period = i.n("now"), i.n("deadline"), i.n("period", 2880)
    missed = 0 if now <= end else (now - (end + 1)) // period
    return {"faults": missed + (0 if i.raw("proven") else 1), "deadline": end + period * (missed + 1)}


def caught(i):
    return {"chance": text(cut(1 - (1 - i.share("lost")) ** i.n("challenges", 5), 9))}


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n % 128 + 128])
        n //= 128
    return out + bytes([n])


def cid(*parts):
    return "b" + base64.b32encode(b"".join(parts)).decode().rstrip("=").lower()


def piece_cid(i):
    root = bytes.fromhex(i.raw("commitment"))
    size = piece(i)
    padding = size["capacity"] - i.n("payload")
    digest = varint(padding) + bytes([size["height"]]) + root
    return {"v1": cid(b"\x01", varint(0xF101), varint(0x1012), b"\x20", root),
            "v2": cid(b"\x01\x55", varint(0x1011), varint(len(digest)), digest), "padding": padding, "height": size["height"]}


def challenged(i):
    seed = bytes.fromhex(i.raw("seed"))
    draws = (keccak256(seed + i.n("set").to_bytes(32, "big") + n.to_bytes(8, "big")) for n in range(i.n("count", 5)))
    return {"leaves": [int.from_bytes(d, "big") % i.n("range") for d in draws]}


def sums(i):
    counts, leaf = i.ns("counts"), i.n("leaf")
    if leaf >= sum(counts):
        raise Refused
    kept = [sum(counts[k + 1 - ((k + 1) & -(k + 1)):k + 1]) for k in range(len(counts))]
    for at, count in enumerate(counts):
        if leaf < count:
            return {"sums": kept, "piece": at, "offset": leaf}
        leaf -= count


def bond(i):
    since = i.n("last") + 30 * 2880
    return {"bond": 10**17, "abandoned": i.n("now") >= since, "from": since}


def payload(r):
    data = r.randbytes(r.randrange(0, r.choice([10, 400, 5000])))
    return {"payload": r.choice([data.hex(), "base64:" + base64.b64encode(data).decode()]), "zeros": r.randrange(0, 3000)}


def root(r):
    return (r.randbytes(31) + bytes([r.randrange(0, 64)])).hex()


def random_sums(r):
    counts = [r.choice([0, r.randrange(0, 1000)]) for _ in range(r.randrange(1, 70))]
    return {"counts": counts, "leaf": r.randrange(0, sum(counts) + 2)}


def random_quality(r):
    size, duration = 1 << r.randrange(20, 36), r.randrange(1, 2 * 10**6)
    return {"size": size, "duration": duration, "verified": str(r.randrange(0, size * duration + 1))}


RULES = {
    "FIL-SV-1": (piece, lambda r: {"payload": r.randrange(0, 1 << r.randrange(1, 36))}),
    "FIL-SV-2": (commitment, payload),
    "FIL-SV-3": (quality, random_quality),
    "FIL-SV-4": (deadline, lambda r: {"period": r.randrange(70, 10**7), "deadline": r.randrange(0, 48)}),
    "FIL-SV-5": (lambda i: {"fee": floor(Fraction(23, 100000) * 10**18 * 32 * i.n("leaves") / 2**40)}, lambda r: {"leaves": r.randrange(0, 1 << 50)}),
    "FIL-SV-6": (skipped, lambda r: {"now": r.randrange(0, 30000), "deadline": r.randrange(0, 30000), "proven": r.random() < 0.5}),
    "FIL-SV-8": (piece_cid, lambda r: {"commitment": root(r), "payload": r.randrange(0, 1 << r.randrange(1, 36))}),
    "FIL-SV-9": (challenged, lambda r: {"seed": r.randbytes(32).hex(), "set": str(r.randrange(0, 1 << r.randrange(1, 100))),
                                        "range": r.randrange(1, 1 << r.randrange(1, 50)), "count": r.randrange(1, 6)}),
    "FIL-SV-10": (sums, random_sums),
    "FIL-SV-11": (bond, lambda r: {"now": r.randrange(0, 3 * 10**5), "last": r.randrange(0, 2 * 10**5)}),
    "FIL-SV-7": (caught, lambda r: {"lost": f"{r.randrange(0, 10001) / 100}%", "challenges": r.randrange(0, 21)}),
}
