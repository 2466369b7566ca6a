#!/usr/bin/env python3
"""Runs the burn-and-mint model on depin's columns and on its peers, in turns, and prints ratios.

    python3 bench/peers/compare.py                 installs numpy, numba and radcad by name into a folder of its own
    python3 bench/peers/compare.py --rounds 5      more turns; the best of each is taken

An agent-step is a provider-day. What is compared is agent-steps per second of processor, each on one thread, with every
day of every run recorded; compilation and interpreter start are not counted. Exit code 1 when a result is wrong.
"""

import argparse
import importlib
import os
import resource
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# radCAD imports typing_extensions and does not ask for it.
NEEDED = ["numpy", "numba", "radcad", "typing_extensions"]
# Peers, and how many runs each gets: what takes about a second.
PEERS = {"numba_peer": 100, "numpy_peer": 20, "radcad_peer": 1}


def used(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def check(name, found):
    import model

    for value, expected in zip(found, model.EXPECTED):
        if abs(value / expected - 1.0) > 1e-9:
            sys.exit(f"{name} ends at {value}, which should be {expected}")


def steps(runs):
    import model

    return runs * model.DAYS * model.PROVIDERS


def time_peer(name, runs):
    peer = importlib.import_module(name)
    peer.warm()
    before = used(resource.RUSAGE_SELF)
    found = peer.simulate(runs)
    seconds = used(resource.RUSAGE_SELF) - before
    check(name, found)
    return steps(runs) / seconds


def time_depin(binary, runs=100):
    before = used(resource.RUSAGE_CHILDREN)
    out = subprocess.run([binary, str(runs), "1"], check=True, capture_output=True, text=True).stdout
    seconds = used(resource.RUSAGE_CHILDREN) - before
    check("depin", [float(word) for word in out.split()[1:]])
    return steps(runs) / seconds


def build():
    command = ["cargo", "build", "--release", "--locked", "-p", "depin-sim", "--example", "columnar"]
    subprocess.run(command, check=True, cwd=ROOT)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples" / "columnar"


def inside():
    """Starts again with a Python that has the peers."""
    folder = Path(tempfile.gettempdir()) / "depin-peers"
    python = folder / "bin" / "python"
    if not python.exists():
        print("installing", *NEEDED, file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *NEEDED], check=True)
    environment = {**os.environ, "DEPIN_PEERS": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], env=environment).returncode)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3)
    rounds = arguments.parse_args().rounds
    if "DEPIN_PEERS" not in os.environ:
        inside()
    sys.path.insert(0, str(HERE))
    binary = build()
    best = {}
    for turn in range(rounds):
        print(f"turn {turn + 1} of {rounds}", file=sys.stderr)
        best["depin"] = max(best.get("depin", 0), time_depin(binary))
        for name, runs in PEERS.items():
            best[name] = max(best.get(name, 0), time_peer(name, runs))
    print(f"{'':12} {'agent-steps per CPU second':>28}   depin is")
    for name, rate in best.items():
        ratio = "" if name == "depin" else f"{best['depin'] / rate:8.2f} times as fast"
        print(f"{name.removesuffix('_peer'):12} {rate:28,.0f}   {ratio}")


if __name__ == "__main__":
    main()
