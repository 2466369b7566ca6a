"""Pieces, power and proofs of storage; the commitment with a plain tree."""

import hashlib
from fractions import Fraction

from exact import cut, floor, text


def piece(i):
    size = 128
    while size // 128 * 127 < i.n("payload"):
        size *= 2
    return {"size": size, "capacity": size // 128 * 127, "leaves": size // 32, "height": (size // 32).bit_length() - 1}


def commitment(i):
    payload = bytes.fromhex(i.raw("payload", "")) + bytes(i.n("zeros", 0))
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


def random_quality(r):
    size, duration = 1 << r.randrange(20, 36), r.randrange(1, 2 * 10**6)
    return {"size": size, "duration": duration, "verified": str(r.randrange(0, size * duration + 1))}


RULES = {
    "FIL-SV-1": (piece, lambda r: {"payload": r.randrange(0, 1 << r.randrange(1, 36))}),
    "FIL-SV-2": (commitment, lambda r: {"payload": r.randbytes(r.randrange(0, 400)).hex(), "zeros": r.randrange(0, 3000)}),
    "FIL-SV-3": (quality, random_quality),
    "FIL-SV-4": (deadline, lambda r: {"period": r.randrange(70, 10**7), "deadline": r.randrange(0, 48)}),
    "FIL-SV-5": (lambda i: {"fee": floor(Fraction(23, 100000) * 10**18 * 32 * i.n("leaves") / 2**40)}, lambda r: {"leaves": r.randrange(0, 1 << 50)}),
    "FIL-SV-6": (skipped, lambda r: {"now": r.randrange(0, 30000), "deadline": r.randrange(0, 30000), "proven": r.random() < 0.5}),
    "FIL-SV-7": (caught, lambda r: {"lost": f"{r.randrange(0, 10001) / 100}%", "challenges": r.randrange(0, 21)}),
}
