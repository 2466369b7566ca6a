# Runs in a node's Python, behind the sandbox: reads one request a line from standard input, answers on what was standard output. An answer is
# one line of JSON; with "bytes" in it, so many bytes follow. One part of a task is run, then the node begins a new sandbox.
import io
import json
import os
import stat
import subprocess
import sys
import time
import zipfile

answers = os.fdopen(os.dup(1), "wb", buffering=0)
os.set_inheritable(answers.fileno(), False)
os.dup2(2, 1)
TASK = sys.argv[1] if len(sys.argv) > 1 else None
LOG = "/tmp/said"
BENCHMARK = None


def say(answer, data=b""):
    if data:
        answer["bytes"] = len(data)
    whole = json.dumps(answer).encode() + b"\n" + data
    while whole:
        whole = whole[answers.write(whole):]


# In the order of their names' bytes, as the node's own check has them.
def inputs_of(package, folder):
    found = []
    top = os.path.join(package, folder)
    for place, _, names in os.walk(top):
        found += [os.path.relpath(os.path.join(place, name), top) for name in names]
    return sorted(found, key=os.fsencode)


def prepare(task, part):
    package = os.path.dirname(TASK)
    files = inputs_of(package, task["inputs"])
    files = files[part * task["per-part"]:(part + 1) * task["per-part"]]
    if not files:
        raise ValueError("the task has no part %d" % part)
    place = "/tmp/part"
    for folder in ("", "inputs", "outputs"):
        os.mkdir(os.path.join(place, folder))
    os.symlink(package, os.path.join(place, "package"))
    for name in files:
        link = os.path.join(place, "inputs", name)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(os.path.join(package, task["inputs"], name), link)
    return place


# The same numbers on every node: the threads that the task says, one order of hashes, one time zone.
def environment(task, asked):
    threads = str(task.get("threads", 1))
    own = {"DEPIN_PART": str(asked["frame"]), "DEPIN_SEED": str(asked["seed"]), "DEPIN_THREADS": threads}
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {**plain, **own, **{name: threads for name in names}, "PYTHONHASHSEED": "0", "TZ": "UTC"}


def last_words():
    with open(LOG, "rb") as log:
        log.seek(max(0, os.path.getsize(LOG) - 2000))
        lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def collected(task, place):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        def add(name, data):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)

        if task.get("alike") is not None:
            add("alike.json", json.dumps(task["alike"], sort_keys=True))
        for name in sorted(task["outputs"]):
            path = os.path.join(place, "outputs", name)
            try:
                if not stat.S_ISREG(os.lstat(path).st_mode):
                    raise ValueError("what the task left as outputs/%s is no plain file" % name)
            except FileNotFoundError:
                raise ValueError("the task left no outputs/%s" % name)
            with open(path, "rb") as file:
                add(name, file.read())
    return packed.getvalue()


def run(asked):
    with open(TASK, encoding="utf-8") as file:
        task = json.load(file)
    begun = time.monotonic()
    place = prepare(task, asked["frame"])
    script = os.path.join("package", task["command"][0])
    with open(LOG, "wb") as log:
        command = [sys.executable, "-s", "-B", script, *task["command"][1:]]
        done = subprocess.run(
            command, cwd=place, env=environment(task, asked), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    if done.returncode != 0:
        raise ValueError("the task's command ended with %d: %s" % (done.returncode, last_words()))
    data = collected(task, place)
    return {"milliseconds": round((time.monotonic() - begun) * 1000)}, data


# Products of matrices of 256 by 256 floats, on as many threads as are asked for.
def benchmark(asked):
    import threading

    import numpy

    side, threads = 256, max(1, asked["threads"])
    a = numpy.random.default_rng(1).random((side, side), dtype=numpy.float32)
    share = -(-asked["samples"] // threads)

    def work():
        b = a
        for _ in range(share):
            b = (a @ b) / side

    begun = time.monotonic()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"milliseconds": round((time.monotonic() - begun) * 1000)}, b""


def serve(asked):
    global BENCHMARK
    if asked["do"] == "benchmark":
        BENCHMARK = True
        return {}, b""
    if asked["do"] == "render":
        return benchmark(asked) if BENCHMARK else run(asked)
    return {"error": "unknown request"}, b""


if TASK is None:
    # Threads are the benchmark's own.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
say({"ready": "depin-render 1"})
for line in sys.stdin:
    try:
        answer, data = serve(json.loads(line))
    except Exception as error:
        answer, data = {"error": str(error) if isinstance(error, ValueError) else "%s: %s" % (type(error).__name__, error)}, b""
    say(answer, data)
