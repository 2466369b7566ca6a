#!/usr/bin/env python3
"""Measures leases beside what they are compared with, in turns, and prints ratios.

    python3 bench/leases/compare.py target/release/depin            lease up beside `podman run`, and the ingress beside nginx
    python3 bench/leases/compare.py target/release/depin --rounds 9

Needs root and Podman; the ingress is compared where `nginx` and `ab` are (apt-get install --no-install-recommends nginx-light apache2-utils).

- Up: from a bid that is seen to the service's HTTP answer (`depin lease accept`, `depin lease send`), beside `podman run` of the same image to
  its HTTP answer. Seconds, the median of the rounds; wanted is at most 2 s more.
- Ingress: requests per second with 16 kept connections through the provider's reverse proxy and through nginx's, to one nginx that answers 200
  behind both. Median of the rounds; wanted is at least 0.7 of nginx's.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60

FILE = """version: "2.0"
services:
  web:
    image: localhost/box:1
    command: [sh, -c]
    args: ["mkdir -p /www; echo well >/www/index.html; exec httpd -f -p 8080 -h /www"]
    expose: [{port: 8080, as: 80, accept: [bench.localhost], to: [{global: true}]}]
profiles:
  compute: {small: {resources: {cpu: {units: 0.25}, memory: {size: 64Mi}, storage: {size: 64Mi}}}}
  placement: {here: {pricing: {small: {denom: uakt, amount: 100}}}}
deployment: {web: {here: {profile: small, count: 1}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, host, begun):
    """Seconds from `begun` to the first answer of a service."""
    while True:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": host})
            if urllib.request.urlopen(request, timeout=2).read() == b"well\n":
                return time.monotonic() - begun
        except OSError:
            pass
        if time.monotonic() - begun > PATIENCE:
            sys.exit(f"nobody answers at port {port}")
        time.sleep(0.01)


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def by_podman():
    port, name = free_port(), "depin-bench"
    begun = time.monotonic()
    command = "mkdir -p /www; echo well >/www/index.html; exec httpd -f -p 8080 -h /www"
    run("podman", "run", "-d", "--name", name, "-p", f"127.0.0.1:{port}:8080", "--memory", "64m", "localhost/box:1", "sh", "-c", command)
    took = answers(port, "bench.localhost", begun)
    run("podman", "rm", "-f", "-t", "0", name)
    return took


class Network:
    """`depin up --network akash` with one provider, in a folder that is gone afterwards."""

    def __init__(self, depin, folder):
        self.depin, self.home, self.file = depin, folder / "home", folder / "deploy.yaml"
        self.file.write_text(FILE)
        self.log = open(folder / "up.log", "w")
        words = [depin, "--home", self.home, "up", "--network", "akash", "--providers", "1", "--port-base", "0"]
        self.process = subprocess.Popen(words, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        begun = time.monotonic()
        while not (self.home / "endpoints.json").exists():
            if self.process.poll() is not None or time.monotonic() - begun > PATIENCE:
                sys.exit(f"the network does not start:\n{(folder / 'up.log').read_text()}")
            time.sleep(0.1)
        images = self.home / "leasing/images"
        images.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "images/box.oci", images / "localhost_box:1.oci")
        self.number = 100

    def lease(self, *words):
        return json.loads(run(self.depin, "--home", self.home, "lease", *words, "--json"))

    def up(self):
        """Seconds from a bid to an answer; the lease is left running."""
        self.number += 1
        dseq = str(self.number)
        self.lease("up", str(self.file), "--accept", "none", "--dseq", dseq, "--deposit", "1 AKT")
        while not self.lease("bids", dseq)["bids"]:
            time.sleep(0.05)
        begun = time.monotonic()
        self.lease("accept", dseq, "provider-1")
        self.lease("send", dseq, str(self.file))
        uris = self.lease("status", dseq)["services"][0]["services"]["web"]["uris"]
        self.port = int(uris[0].rsplit(":", 1)[1])
        return answers(self.port, "bench.localhost", begun)

    def close(self):
        self.lease("close", str(self.number))
        while self.lease("status", str(self.number))["services"]:
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def median(values):
    return statistics.median(values)


def compare_up(network, rounds):
    by_podman()
    network.up()
    network.close()
    plain, leased = [], []
    for _ in range(rounds):
        plain.append(by_podman())
        leased.append(network.up())
        network.close()
    more, ratio = median(leased) - median(plain), median(leased) / median(plain)
    print(f"podman run      {median(plain):.2f} s")
    print(f"lease up        {median(leased):.2f} s   {more:+.2f} s, {ratio:.1f} times; wanted at most +2 s")


def rate(port, host):
    out = run("ab", "-q", "-k", "-c", "16", "-n", "20000", "-H", f"Host: {host}", f"http://127.0.0.1:{port}/")
    return float(next(line.split()[3] for line in out.splitlines() if line.startswith("Requests per second")))


def compare_ingress(network, folder, rounds):
    if not (shutil.which("nginx") and shutil.which("ab")):
        print("ingress         not compared: apt-get install --no-install-recommends nginx-light apache2-utils")
        return
    network.up()
    # What is behind both is the replica itself: its own address, which the proxy beside it uses as the ingress does.
    listing = run("podman", "ps", "--format", "{{.Ports}} {{.Names}}")
    backend = next(line.split("->")[0].split(":")[-1] for line in listing.splitlines() if "_web_" in line)
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        f"worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; upstream web { server 127.0.0.1:" + backend + "; keepalive 32; }\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_http_version 1.1; proxy_set_header Connection \"\";"
        " proxy_set_header Host $host; proxy_pass http://web; } } }\n"
    )
    run("nginx", "-c", str(conf))
    try:
        pairs = [(rate(network.port, "bench.localhost"), rate(port, "bench.localhost")) for _ in range(rounds)]
    finally:
        run("nginx", "-c", str(conf), "-s", "stop")
    own, other = median([one for one, _ in pairs]), median([two for _, two in pairs])
    print(f"nginx           {other:,.0f} requests a second")
    print(f"ingress         {own:,.0f} requests a second   {own / other:.2f} of nginx's; wanted at least 0.7")
    network.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("depin", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("podman"):
        sys.exit("needs root and Podman: apt-get install --no-install-recommends podman crun netavark aardvark-dns")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(ROOT / "crates/sandbox/images.sh", folder / "images", "box")
        run("podman", "load", "-i", folder / "images/box.oci")
        network = Network(args.depin.resolve(), folder)
        try:
            compare_up(network, args.rounds)
            compare_ingress(network, folder, args.rounds)
        finally:
            network.stop()


if __name__ == "__main__":
    main()
