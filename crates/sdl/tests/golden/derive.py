"""Manifests and hashes of deployment files, derived a second time.

Shares nothing with the crate: another language, another YAML library (PyYAML's BaseLoader, which leaves every scalar a text), exact
fractions where the crate has integers and doubles, JSON by Python's own writer. It reads files that are known to be accepted and
checks nothing. Run by hand when a file is added: `python3 derive.py`; it writes `hashes.txt` and one JSON for each of `SHOWN`.
"""

import hashlib
import json
import pathlib
from fractions import Fraction

import yaml

HERE = pathlib.Path(__file__).parent
SHOWN = ["Mistral-7B__deploy.yaml", "RAIR-Dapp__deploy.yml", "codex__deploy.yml", "Redash__deploy.yaml", "tetris__deploy.yaml", "rules-2.1.yaml"]
UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
UNITS |= {u + "i": 1024 ** (i + 1) for i, u in enumerate("KMGTPE")}
DEFAULTS = [("maxBodySize", "max_body_size", 1048576), ("readTimeout", "read_timeout", 60000), ("sendTimeout", "send_timeout", 60000)]
DEFAULTS += [("nextTries", "next_tries", 3), ("nextTimeout", "next_timeout", 0)]


def size(text):
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.endswith(unit):
            return int(Fraction(text.removesuffix(unit)) * UNITS[unit])
    return int(Fraction(text))


def milli(text):
    return int(text[:-1]) if text.endswith("m") else int(Fraction(text) * 1000)


def val(number):
    return {"val": str(number)}


def pairs(mapping):
    return [{"key": key, "value": mapping[key]} for key in sorted(mapping)]


def volume(item):
    out = {"name": item.get("name", "default"), "size": val(size(item["size"]))}
    if "attributes" in item:
        said = dict(item["attributes"])
        said.setdefault("persistent", "false")
        out["attributes"] = pairs(said)
    return out


def volumes(said):
    listed = [volume(item) for item in ([said] if isinstance(said, dict) else said)]
    said_of = [dict((a["key"], a["value"]) for a in item.get("attributes", [])).get("persistent", "") for item in listed]
    keys = [(int(item["size"]["val"]), said, item["name"] if said == "true" else "") for item, said in zip(listed, said_of)]
    assert len(set(keys)) == len(keys), "these hang on upstream's sort; no file here has them"
    return [listed[i] for i in sorted(range(len(listed)), key=keys.__getitem__)]


def gpu(said):
    out = {"units": val(int(said["units"]) if said else 0)}
    if said and "attributes" in said:
        keys = []
        for model in said["attributes"]["vendor"]["nvidia"] or [{"model": "*"}]:
            key = "vendor/nvidia/model/" + model["model"]
            key += f"/ram/{size(model['ram']) // 2**30}Gi" if "ram" in model else ""
            key += f"/interface/{model['interface']}" if "interface" in model else ""
            keys.append(key)
        out["attributes"] = pairs(dict.fromkeys(keys, "true"))
    return out


def http(said):
    out = {ours: int(said.get(theirs, 0)) or default for ours, theirs, default in DEFAULTS}
    out["nextCases"] = said.get("next_cases") or ["error", "timeout"]
    if int(said.get("proxy_buffer_size", 0)):
        out["proxyBufferSize"] = int(said["proxy_buffer_size"])
    return out


def exposes(said, numbers):
    out = []
    for item in said or []:
        for to in item.get("to") or [{}]:
            ip, world = to.get("ip", ""), to.get("global", "false") == "true"
            out.append({
                "port": int(item["port"]), "externalPort": int(item.get("as", 0)), "proto": item.get("proto", "tcp").upper(),
                "service": to.get("service", ""), "global": world, "hosts": item.get("accept"), "ip": ip,
                "httpOptions": http(item.get("http_options", {})), "endpointSequenceNumber": numbers[ip] if ip and world else 0,
            })
    return sorted(out, key=lambda e: (e["service"], e["port"], e["proto"], not e["global"]))


def endpoints(exposed):
    out = []
    for e in (e for e in exposed if e["global"]):
        shared = e["proto"] == "TCP" and (e["externalPort"] or e["port"]) == 80
        out.append({"sequence_number": 0} if shared else {"kind": 1, "sequence_number": 0})
        if e["ip"]:
            out.append({"kind": 2, "sequence_number": e["endpointSequenceNumber"]})
    return out


def params(said):
    storage = said.get("storage") or {}
    mounts = [{"name": n, "mount": storage[n]["mount"], "readOnly": storage[n].get("readOnly") == "true"} for n in sorted(storage)]
    out = {"storage": mounts or None}
    if "permissions" in said:
        out["permissions"] = {"read": said["permissions"]["read"]}
    return out


def manifest(sdl):
    shared = sdl["version"] not in ("2", "2.0")
    deployed = [(s, p, sdl["deployment"][s][p]) for s in sorted(sdl["deployment"]) for p in sorted(sdl["deployment"][s])]
    tos = [t for s in sdl["deployment"] for e in sdl["services"][s].get("expose") or [] for t in e.get("to") or []]
    names = sorted(t.get("ip", "") for t in tos if t.get("global", "false") != "true" or t.get("ip"))
    numbers = {name: index + 1 for index, name in enumerate(names)}
    groups, units = {}, {}
    for name, placement, said in deployed:
        service, wanted = sdl["services"][name], sdl["profiles"]["compute"][said["profile"]]["resources"]
        seen = units.setdefault(placement, [])
        if not shared or said["profile"] not in seen:
            seen.append(said["profile"])
        number = seen.index(said["profile"]) + 1 if shared else len(seen)
        exposed = exposes(service.get("expose"), numbers)
        cpu = {"units": val(milli(wanted["cpu"]["units"]))}
        if "attributes" in wanted["cpu"]:
            cpu["attributes"] = pairs(wanted["cpu"]["attributes"])
        out = {
            "name": name, "image": service["image"], "command": service.get("command"), "args": service.get("args"),
            "env": service.get("env"), "count": int(said["count"]), "expose": exposed, "credentials": None,
            "resources": {
                "id": number, "cpu": cpu, "memory": {"size": val(size(wanted["memory"]["size"]))},
                "storage": volumes(wanted["storage"]), "gpu": gpu(wanted.get("gpu")), "endpoints": endpoints(exposed),
            },
        }
        if "params" in service:
            out["params"] = params(service["params"])
        if "credentials" in service:
            who = {key: service["credentials"].get(key, "") for key in ("host", "email", "username", "password")}
            out["credentials"] = {key: text.strip() for key, text in who.items()} if shared else who | {"email": ""}
        groups.setdefault(placement, []).append(out)
    return [{"name": name, "services": groups[name]} for name in sorted(groups)]


def sorted_json(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for special in "<>&\u2028\u2029":
        text = text.replace(special, f"\\u{ord(special):04x}")
    return text


def main():
    lines = []
    files = [*(HERE.parent / "files").glob("*.y*ml"), HERE / "rules-2.1.yaml"]
    for path in sorted(files, key=lambda path: path.name):
        if path.name == "minio__deploy.yml":
            continue
        text = sorted_json(manifest(yaml.load(path.read_bytes(), Loader=yaml.BaseLoader)))
        lines.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {path.name}\n")
        if path.name in SHOWN:
            (HERE / f"{path.name}.json").write_text(text + "\n")
    (HERE / "hashes.txt").write_text("".join(lines))


main()
