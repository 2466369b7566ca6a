#!/usr/bin/env python3
"""Renders map tiles for a customer and is paid for them through a metering gateway.

The founder's own software of a network whose unit is a map tile: it opens an order, makes tiles, reports them in batches with
a hash of the evidence, and waits until the ledger has paid. Standard library only. It may be stopped anywhere and run again with
the same --run: every id follows from it, so nothing is ordered or reported twice.
"""

import argparse
import hashlib
import json
import pathlib
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

SIDE = 64  # pixels


def tile(z, x, y):
    """A tile as PNG: height lines of a made-up country, the same bytes for the same place wherever it is rendered."""
    rows = bytearray()
    for row in range(SIDE):
        rows.append(0)  # no filter
        for column in range(SIDE):
            at_x, at_y = (x * SIDE + column) << (8 - min(z, 8)), (y * SIDE + row) << (8 - min(z, 8))
            height = ((at_x * at_x + 3 * at_y * at_y + 7 * at_x * at_y) >> 9) & 0xFF
            rows += bytes((40, 40, 40)) if height % 32 == 0 else bytes((height // 3 + 60, 150, 90))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    # Level 0 stores: bytes that no version of a compressor changes.
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), 0)) + chunk(b"IEND", b"")


class Refused(Exception):
    """An answer that says no, in the words of whoever said it."""


class Gateway:
    """The metering gateway, and the node for what only it knows."""

    def __init__(self, url, key, node):
        self.url, self.key, self.node = url.rstrip("/"), key, node.rstrip("/")

    def call(self, method, path, body=None, patience=120):
        """Asks until there is an answer: the same request again does nothing twice."""
        until = time.monotonic() + patience
        while True:
            base, headers = (self.node, {}) if path.startswith("/v1/accounts") else (self.url, {"Authorization": "Bearer " + self.key})
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(base + path, data=data, method=method, headers=headers)
            try:
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                said = json.loads(error.read() or b"{}").get("error", {})
                # Busy, away or without room for now; the same again is taken once.
                if error.code not in (429, 502, 503, 504, 507) or time.monotonic() > until:
                    raise Refused("{} {}: {}; {}".format(error.code, said.get("code"), said.get("message"), said.get("hint")))
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if time.monotonic() > until:
                    raise Refused("nobody answers at {}: {}".format(base, error))
            time.sleep(0.5)


def open_order(gateway, args):
    """Opens the run's order with an operator that takes some; gives the ledger's entry of it."""
    operators = [o for o in gateway.call("GET", "/v1/operators")[1]["items"] if o["takes_orders"]]
    chosen = [o for o in operators if args.operator in (None, o["name"], o["address"])]
    order_id = args.run + "-order"
    known = None
    try:
        known = gateway.call("GET", "/v1/orders/" + urllib.parse.quote(order_id, safe=""))[1]["order"]
    except Refused as error:
        if not str(error).startswith("404"):
            raise
    if known is None:
        if not chosen:
            raise Refused("no operator takes orders now" if args.operator is None else "no operator {} takes orders".format(args.operator))
        network = gateway.call("GET", "/v1/network")[1]
        currency = args.currency or network["currencies"][0]
        cap = {"currency": currency, "amount": args.cap}
        new = {"id": order_id, "operator": chosen[0]["address"], "cap": cap, "open_for": args.open_for}
        status, action = gateway.call("POST", "/v1/orders", new)
        while status == 202:  # not decided yet
            time.sleep(0.5)
            status, action = gateway.call("POST", "/v1/orders", new)
        known = gateway.call("GET", "/v1/orders/" + action["order"])[1]["order"]
        print("order {} with {}: at most {}".format(known["id"][:12], chosen[0]["name"], known["cap"]["display"]))
    return known


def render(args, number):
    """Renders one batch of tiles; gives the SHA-256 of its log, which is the evidence."""
    folder = pathlib.Path(args.out) / args.run
    folder.mkdir(parents=True, exist_ok=True)
    log = []
    for index in range(number * args.batch, min((number + 1) * args.batch, args.tiles)):
        x, y = index % 256, index // 256
        picture = tile(8, x, y)
        (folder / "8-{}-{}.png".format(x, y)).write_bytes(picture)
        log.append("8/{}/{} {}\n".format(x, y, hashlib.sha256(picture).hexdigest()))
    text = "".join(log).encode()
    (folder / "batch-{}.log".format(number)).write_bytes(text)
    return len(log), hashlib.sha256(text).hexdigest()


def report(gateway, args, order):
    """Renders and reports everything; gives the reports' ids."""
    reports = []
    for number in range(-(-args.tiles // args.batch)):
        units, evidence = render(args, number)
        reports.append({"id": "{}-batch-{}".format(args.run, number), "order": order["id"], "units": units, "evidence": evidence})
    for start in range(0, len(reports), 64):
        gateway.call("POST", "/v1/reports", reports[start : start + 64])
    print("rendered and reported {} tiles in {} batches".format(args.tiles, len(reports)))
    return [r["id"] for r in reports]


def wait(gateway, args, ids):
    """Waits until every report is decided; gives what became of them."""
    until, left, done = time.monotonic() + args.timeout, list(ids), []
    while left:
        found = gateway.call("GET", "/v1/reports/" + urllib.parse.quote(left[0], safe=""))[1]
        if found["state"] in ("settled", "refused"):
            done.append(found)
            left.pop(0)
            continue
        if time.monotonic() > until:
            raise Refused("{} is still {} after {} s".format(left[0], found["state"], args.timeout))
        time.sleep(0.3)
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", default="./.depin", help="home of a running `depin up`, for URLs and key")
    parser.add_argument("--gateway", help="URL of a metering gateway elsewhere")
    parser.add_argument("--key", help="its key")
    parser.add_argument("--node", help="URL of a node")
    parser.add_argument("--run", default="demo", help="name of this run; the same name goes on with the same order")
    parser.add_argument("--operator", help="name or address of an operator [default: the first that takes orders]")
    parser.add_argument("--tiles", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32, help="tiles in one report")
    parser.add_argument("--cap", default="10", help="the most that the order may cost")
    parser.add_argument("--currency", help="what it is paid in [default: the network's usual one]")
    parser.add_argument("--open-for", default="7d", help="how long the order takes reports, in ledger time")
    parser.add_argument("--out", default="./tiles", help="folder of tiles and evidence")
    parser.add_argument("--timeout", type=float, default=900, help="longest wait for payment, seconds")
    parser.add_argument("--no-wait", action="store_true", help="stop when everything is reported; run it again to wait for payment")
    args = parser.parse_args()
    try:
        if args.gateway is None:
            places = json.loads((pathlib.Path(args.home) / "endpoints.json").read_text())
            here = next(e for e in places["endpoints"] if e["name"] == "metering")
            args.gateway, args.key, args.node = here["url"], here["key"], places["api"]
        gateway = Gateway(args.gateway, args.key, args.node or args.gateway)
        order = open_order(gateway, args)
        ids = report(gateway, args, order)
        if args.no_wait:
            return 0
        done = wait(gateway, args, ids)
        order = gateway.call("GET", "/v1/orders/" + order["id"])[1]["order"]
        for bad in (r for r in done if r["state"] == "refused"):
            print("{} was refused: {}".format(bad["id"], bad["reason"]["message"]))
        print("customer paid {} for {} tiles".format(order["spent"]["display"], order["units"]))
        account = gateway.call("GET", "/v1/accounts/" + order["operator"])[1]
        print("operator holds {}, can claim {}, and {} vest".format(
            ", ".join(b["display"] for b in account["balances"]),
            account["claimable"]["display"], account["vesting"]["locked"]["display"]))
        return 1 if any(r["state"] == "refused" for r in done) else 0
    except Refused as error:
        print("refused:", error, file=sys.stderr)
        return 1
    except (OSError, StopIteration) as error:
        print("no running metering gateway in {}: {!r}; start one with `depin up`".format(args.home, error), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
