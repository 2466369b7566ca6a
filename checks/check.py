#!/usr/bin/env python3
"""Checks what the rules compute, with a second implementation that shares no code with them.

    checks/check.py run target/debug/depin       ask the program, rule by rule, and compare
    checks/check.py inputs                       print inputs to evaluate, JSON lines {"rule", "input"}
    checks/check.py compare < outputs.jsonl      compare evaluations, JSON lines {"rule", "input", "output"}

Every topic is a file with RULES: rule id -> (function of the inputs, maker of random inputs). Inputs are drawn with a fixed seed, so
every run has the same. `golden/` holds published figures as JSON lines {"rule", "input", "near": {output: [value, bound]}, "source"}.
Only the standard library of Python 3 is used: whole numbers, fractions, and decimals of 60 digits with a bound.
"""

import json
import pathlib
import random
import subprocess
import sys
from fractions import Fraction

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import collateral  # noqa: E402
import devices  # noqa: E402
import emission  # noqa: E402
import exact  # noqa: E402
import general  # noqa: E402
import minting  # noqa: E402
import pieces  # noqa: E402
import radios  # noqa: E402
import settlements  # noqa: E402
import stakes  # noqa: E402
import subnetworks  # noqa: E402

TOPICS = [minting, collateral, emission, subnetworks, stakes, settlements, pieces, radios, devices, general]
RULES = {}
for topic in TOPICS:
    for rule, made in topic.RULES.items():
        if rule in RULES:
            sys.exit(f"{rule} is checked twice")
        RULES[rule] = made

EACH = 40


def expected(rule, values):
    """What the rule should give, with whole numbers as text as the program prints them."""
    outputs = RULES[rule][0](exact.In(values))
    return {name: shown(value) for name, value in outputs.items()}


def shown(value):
    if isinstance(value, bool) or isinstance(value, (str, exact.Near)):
        return value
    if isinstance(value, list):
        return [shown(v) for v in value]
    return str(value)


def same(wanted, given):
    if isinstance(wanted, exact.Near):
        return isinstance(given, str) and abs(Fraction(given) - wanted.value) <= wanted.bound
    return wanted == given


def inputs():
    """Random inputs of every rule, the same on every run."""
    for rule in sorted(RULES):
        maker = RULES[rule][1]
        rng = random.Random(f"depin {rule}")
        for _ in range(EACH):
            yield rule, maker(rng)


def golden():
    for file in sorted((HERE / "golden").glob("*.jsonl")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                row = json.loads(line)
                yield f"{file.name}:{number}", row


def compare(evaluations):
    """Compares evaluations; gives how many agree, and a line for each that does not."""
    agree, complaints, unknown = 0, [], set()
    for rule, values, output in evaluations:
        if rule not in RULES:
            unknown.add(rule)
            continue
        try:
            wanted = expected(rule, values)
        except exact.Refused:
            wanted = None
        except (ArithmeticError, KeyError, ValueError) as error:
            complaints.append(f"{rule} {json.dumps(values)}: the checker fails: {error!r}")
            continue
        fits = output is None if wanted is None else (
            isinstance(output, dict) and wanted.keys() == output.keys() and all(same(wanted[k], output[k]) for k in wanted))
        if fits:
            agree += 1
        else:
            complaints.append(f"{rule} {json.dumps(values)}\n    gives    {json.dumps(output)}\n    expected {wanted}")
    return agree, complaints, unknown


def ask(program, rule, lines):
    """The program's outputs for a rule's inputs; None where it refuses."""
    done = subprocess.run([program, "rule", "eval", rule, "--input", "-"], input="".join(json.dumps(v) + "\n" for v in lines),
                          capture_output=True, text=True, check=False)
    outputs = [json.loads(line) for line in done.stdout.splitlines()]
    refused = {json.loads(line)["error"]["line"] for line in done.stderr.splitlines() if line.startswith("{")}
    given = iter(outputs)
    return [None if number in refused else next(given, "nothing") for number in range(1, len(lines) + 1)]


def run(program):
    by_rule = {}
    for rule, values in inputs():
        by_rule.setdefault(rule, []).append(values)
    evaluations = [(rule, values, output) for rule, lines in by_rule.items() for values, output in zip(lines, ask(program, rule, lines))]
    listed = json.loads(subprocess.run([program, "rule", "list", "--json"], capture_output=True, text=True, check=True).stdout)
    for card in listed["rules"]:
        evaluations += [(card["id"], e["input"], e["output"]) for e in card["examples"]]
    rows = [(where, row, ask(program, row["rule"], [row["input"]])[0]) for where, row in golden()]
    return evaluations, rows


def judge_golden(rows):
    complaints = []
    for where, row, output in rows:
        for name, (value, bound) in row["near"].items():
            given = output.get(name) if isinstance(output, dict) else None
            if given is None or abs(Fraction(given) - Fraction(value)) > Fraction(bound):
                complaints.append(f"{where}: {row['rule']} {json.dumps(row['input'])}: {name} is {given}, published is {value} ({row['source']})")
    return complaints


def main():
    if sys.argv[1:2] == ["inputs"]:
        for rule, values in inputs():
            print(json.dumps({"rule": rule, "input": values}))
        for where, row in golden():
            print(json.dumps({"rule": row["rule"], "input": row["input"], "golden": where}))
        return
    if sys.argv[1:2] == ["compare"]:
        lines = [json.loads(line) for line in sys.stdin if line.strip()]
        evaluations = [(e["rule"], e["input"], e["output"]) for e in lines if "golden" not in e]
        found = {e["golden"]: e["output"] for e in lines if "golden" in e}
        rows = [(where, row, found[where]) for where, row in golden() if where in found]
    elif sys.argv[1:2] == ["run"] and len(sys.argv) == 3:
        evaluations, rows = run(sys.argv[2])
    else:
        sys.exit(__doc__)
    agree, complaints, unknown = compare(evaluations)
    complaints += judge_golden(rows)
    print(f"{agree} evaluations of {len({e[0] for e in evaluations} - unknown)} rules agree; {len(rows)} published figures looked at")
    complaints += [f"no checker for {rule}: write one in checks/" for rule in sorted(unknown)]
    if complaints:
        print("\n".join(complaints[:60]))
        sys.exit(1)


if __name__ == "__main__":
    main()
