#!/usr/bin/env python3
"""What of others is in the binary: their notices, and a bill of materials.

    .ci/bill.py notices            writes THIRD-PARTY-NOTICES anew
    .ci/bill.py notices --check    says what is out of date in it; exits with 1
    .ci/bill.py sbom [FILE]        writes a CycloneDX 1.5 document, to standard output or a file

In: Cargo.lock, and the sources of the crates that cargo has. Counted is what is linked into `depin` on Linux: no build scripts, no
procedural macros, no tests. Same Cargo.lock, same output. Needs Python 3.11 and cargo, and nothing else.
"""

import argparse
import collections
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTICES = ROOT / "THIRD-PARTY-NOTICES"
BINARY = "depin-cli"
TARGET = "x86_64-unknown-linux-gnu"
# Of a crate under "MIT OR …" only its MIT licence need be passed on; files of the others.
OTHERS = re.compile(r"apache|unlicense|zlib|boost|bsl|lgpl|isc|bsd|cc0", re.IGNORECASE)
# Files that hold what a licence asks to be passed on.
NAMES = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense|patents)([-._].*)?$", re.IGNORECASE)
# Sources of programs in other languages lie this deep in the crates that bind them.
DEPTH = 3
# Parts of such sources that are not compiled.
ASIDE = {"test", "tests", "testing", "fuzz", "doc", "docs", "examples", "contrib", "benches", "tools", "util", "bindings"}
HEAD = """\
Third-party notices
===================

The binary `depin` holds code of the crates below, under their licences. This file is made by `.ci/bill.py notices` from Cargo.lock.
"""


def cargo(*args):
    """Output of a cargo command, which must not change Cargo.lock."""
    done = subprocess.run(["cargo", *args, "--locked"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"cargo {args[0]} failed; see above")
    return done.stdout


def linked():
    """Crates of others in the binary, by name and version, with what each depends on."""
    tree = ("tree", "-p", BINARY, "--target", TARGET, "-e", "normal,no-proc-macro", "--prefix", "depth", "--no-dedupe")
    crates, path = collections.defaultdict(set), []
    for line in cargo(*tree, "--format", " {p}").splitlines():
        depth, name, version = re.match(r"(\d+) (\S+) v(\S+)", line).groups()
        path[int(depth) :] = [(name, version)]
        crates[path[-1]]  # Also one that depends on nothing.
        if len(path) > 1:
            crates[path[-2]].add(path[-1])
    return crates


def packages():
    """What the manifests say, by name and version."""
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", TARGET))
    return {(package["name"], package["version"]): package for package in metadata["packages"]}


def expression(package):
    """A licence as an SPDX expression; a slash is the older way to write OR."""
    return re.sub(r"\s*/\s*", " OR ", package["license"] or "")


def is_enough(folder, package):
    """Whether the MIT licence can be taken, and is there."""
    terms = expression(package)
    choice = "MIT" in re.split(r" OR |[()]", terms) and "AND" not in terms
    return choice and any("mit" in path.name.lower() and NAMES.match(path.name) for path in folder.iterdir())


def texts(package):
    """What a crate's own files and those of sources within it ask to be passed on."""
    folder = pathlib.Path(package["manifest_path"]).parent
    taken, found = is_enough(folder, package), []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if len(inside.parts) > DEPTH or ASIDE & {part.lower() for part in inside.parts[:-1]} or not path.is_file():
            continue
        if taken and path.parent == folder and OTHERS.search(path.name):
            continue
        if NAMES.match(path.name) and path.suffix not in {".rs", ".py", ".c", ".h", ".toml", ".html"}:
            text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
            found.append("\n".join(line.rstrip() for line in text.replace("\f", "\n").strip("\n").split("\n")))
    return found


def notices():
    """The whole text of the file."""
    known = packages()
    crates = sorted((key for key in linked() if known[key]["source"]), key=lambda key: (key[0], key[1]))
    groups, without = {}, []
    for name, version in crates:
        found = texts(known[name, version])
        if not found:
            without.append(f"{name} {version}")
        for text in found:
            # One text with other line breaks is the same text.
            key = " ".join(text.split())
            owners = groups.setdefault(key, (text, []))[1]
            if f"{name} {version}" not in owners:
                owners.append(f"{name} {version}")
    parts = [HEAD]
    for name, version in crates:
        package = known[name, version]
        parts.append(f"{name} {version}: {expression(package) or 'see below'}\n")
    if without:
        parts.append("\nWithout a licence file of their own, under the licence that their manifest names:\n" + ", ".join(without) + "\n")
    for text, owners in groups.values():
        parts.append(f"\n{'-' * 80}\n{', '.join(owners)}\n{'-' * 80}\n\n{text}\n")
    return "".join(parts)


def checksums():
    """SHA-256 of each crate's package, from Cargo.lock."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def reference(key):
    return f"pkg:cargo/{key[0]}@{key[1]}"


def component(key, package, checksum):
    made = {"type": "library", "bom-ref": reference(key), "name": key[0], "version": key[1], "purl": reference(key)}
    if package["description"]:
        made["description"] = " ".join(package["description"].split())
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if expression(package):
        made["licenses"] = [{"expression": expression(package)}]
    if re.match(r"https?://\S+$", package["repository"] or ""):
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def sbom():
    """A CycloneDX 1.5 document. It says no time, so that the same Cargo.lock gives the same document."""
    known, crates, sums = packages(), linked(), checksums()
    root = next(key for key in crates if key[0] == BINARY)
    main = component(root, known[root], None) | {"type": "application"}
    lock = hashlib.sha256((ROOT / "Cargo.lock").read_bytes()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'depin:' + lock)}",
        "version": 1,
        "metadata": {"component": main, "tools": {"components": [{"type": "application", "name": "bill.py"}]}},
        "components": [component(key, known[key], sums.get(key)) for key in sorted(crates) if key != root],
        "dependencies": [
            {"ref": reference(key), "dependsOn": sorted(map(reference, crates[key]))} for key in sorted(crates)
        ],
    }


def check(made):
    """Says how the committed file differs from what it should be."""
    there = NOTICES.read_text(encoding="utf-8") if NOTICES.exists() else ""
    if there == made:
        print(f"{NOTICES.name} is current")
        return 0
    crates = [set(re.findall(r"^(\S+ \d\S*): ", text, re.MULTILINE)) for text in (there, made)]
    missing, gone = sorted(crates[1] - crates[0]), sorted(crates[0] - crates[1])
    print(f"{NOTICES.name} is out of date; run `.ci/bill.py notices` and commit it", file=sys.stderr)
    print(f"  not in it: {', '.join(missing) or 'nothing'}\n  not linked any more: {', '.join(gone) or 'nothing'}", file=sys.stderr)
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("notices").add_argument("--check", action="store_true")
    commands.add_parser("sbom").add_argument("file", nargs="?", type=pathlib.Path)
    args = parser.parse_args()
    if args.command == "sbom":
        text = json.dumps(sbom(), indent=2, ensure_ascii=False) + "\n"
        args.file.write_text(text, encoding="utf-8") if args.file else sys.stdout.write(text)
        return 0
    made = notices()
    if args.check:
        return check(made)
    NOTICES.write_text(made, encoding="utf-8")
    print(f"wrote {NOTICES.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
