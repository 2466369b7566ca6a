#!/usr/bin/env python3
"""Renders frames by two nodes of a network and by bare Blender on the same cores, in turns, and prints the ratio of wall time.

    python3 bench/render/ratio.py --depin target/release/depin
    python3 bench/render/ratio.py --frames 24 --size 640x360 --samples 256 --rounds 3

Both have two threads: two nodes with one each, against `blender -b -a` with two. The job's time begins when it is ordered and ends when its last
frame is handed in and can be looked at: sealing, sending, giving out, rendering, hashing, sealing, marking and comparing are in it, the test frame of
the estimate is not. The least share of checks is 2 % by the network's file; here it is `--checks` (0 where nothing is said).
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What a job forces, for the bare renderer.
BARE = """
import bpy
scene = bpy.context.scene
scene.render.engine = 'CYCLES'
scene.cycles.device = 'CPU'
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = {width}, {height}, 100
scene.cycles.samples, scene.cycles.seed = {samples}, 1
scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = False
scene.render.threads_mode, scene.render.threads = 'FIXED', 2
scene.render.image_settings.file_format = 'PNG'
"""


def bare(scene, folder, args):
    width, height = args.size.split("x")
    setup = BARE.format(width=width, height=height, samples=args.samples)
    command = ["blender", "-b", "--factory-startup", str(scene), "--python-exit-code", "3", "--python-expr", setup]
    command += ["-o", str(folder / "bare_####"), "-s", "1", "-e", str(args.frames), "-a"]
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


class Network:
    def __init__(self, folder, args):
        self.args, self.home = args, folder / "home"
        rules = (ROOT / "networks/render/network.toml").read_text()
        own = folder / "network.toml"
        own.write_text(re.sub(r'share-least = "2%"', 'share-least = "%s"' % args.checks, rules))
        log = open(folder / "up.log", "wb")
        command = ["up", "--network", str(own), "--providers", "2", "--engine", "blender", "--port-base", "0"]
        self.up = subprocess.Popen([args.depin, "--home", self.home, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        while not (self.home / "endpoints.json").exists():
            if self.up.poll() is not None:
                sys.exit((folder / "up.log").read_text())
            time.sleep(0.2)

    def depin(self, *words):
        command = [self.args.depin, "--home", self.home, "render", *words, "--json"]
        said = subprocess.run(command, capture_output=True, text=True)
        return json.loads(said.stdout) if said.returncode == 0 else None

    def job(self, scene):
        args = self.args
        what = ["--frames", "1-%d" % args.frames, "--size", args.size, "--samples", str(args.samples), "--checks", args.checks]
        begun = time.monotonic()
        ordered = self.depin("submit", str(scene), *what, "--frame-work", "50", "--detach")
        if ordered is None:
            sys.exit("the job was refused; try `depin render submit` by hand")
        while True:
            # A job that was ordered just now is not known to its dispatcher yet.
            frames = self.depin("frames", ordered["job"])
            if frames and all(frame["stage"] in ("ready", "done") for frame in frames):
                return time.monotonic() - begun
            time.sleep(0.5)

    def stop(self):
        self.up.send_signal(signal.SIGINT)
        self.up.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depin", default=str(ROOT / "target/release/depin"))
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--checks", default="0%")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = folder / "scene.blend"
        make = ["blender", "-b", "--factory-startup", "--python", str(ROOT / "examples/rendering/blender.py"), "--", str(scene)]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        network = Network(folder, args)
        try:
            for turn in range(args.rounds):
                alone, together = bare(scene, folder, args), network.job(scene)
                each = alone * min(2, os.cpu_count() or 1) / args.frames
                told = "%d frames of %s, %d samples: bare %.1f s (%.1f core-seconds a frame), by two nodes %.1f s: %.2f times"
                print(told % (args.frames, args.size, args.samples, alone, each, together, together / alone), flush=True)
        finally:
            network.stop()


if __name__ == "__main__":
    main()
