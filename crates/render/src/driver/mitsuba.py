# Runs in a Python that has Mitsuba, behind the sandbox: reads one request a line from standard input, answers on what was standard output.
# An answer is one line of JSON; with "bytes" in it, so many bytes follow. Everything that is printed goes to standard error.
import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(2, 1)
SCENE = sys.argv[1] if len(sys.argv) > 1 else None

import drjit
import mitsuba as mi

VARIANT = "scalar_rgb"
mi.set_variant(VARIANT)
from mitsuba import parser

BENCHMARK = None


def say(answer, data=b""):
    if data:
        answer["bytes"] = len(data)
    whole = json.dumps(answer).encode() + b"\n" + data
    while whole:
        whole = whole[answers.write(whole):]


# Mitsuba refuses a parameter that no file of the scene uses.
def parameters(frame):
    for folder, _, names in os.walk(os.path.dirname(SCENE)):
        for name in names:
            if name.endswith(".xml"):
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    if "$frame" in file.read():
                        return {"frame": str(frame)}
    return {}


def parsed(frame):
    config = parser.ParserConfig(VARIANT)
    return config, parser.parse_file(config, SCENE, **parameters(frame))


# Whatever the file says: the size as the job says, and a filter that gives each sample to one pixel. Others add up what threads render in the
# order in which they end, and floats are not the same in another order.
def force(state, width, height):
    filters = mi.ObjectType.ReconstructionFilter
    for node in state.nodes:
        if node.type == mi.ObjectType.Film:
            for key in list(node.props.keys()):
                value = node.props[key]
                if isinstance(value, mi.Properties.ResolvedReference) and state.nodes[value.index()].type == filters:
                    node.props.remove_property(key)
            for key in ("crop_width", "crop_height", "crop_offset_x", "crop_offset_y", "sample_border"):
                if node.props.has_property(key):
                    node.props.remove_property(key)
            node.props["rfilter"] = mi.load_dict({"type": "box"})
            node.props["width"], node.props["height"] = width, height


def property(props, name, default=None):
    return props[name] if name in props.keys() else default


# What the file names must be beside it; the path of a file stands in a property of that name, or ends so.
def look_at_file(add, plugin, key, value):
    if not isinstance(value, str) or not (key == "filename" or key.endswith("_filename")):
        return
    told = "%s: %s" % (plugin, value)
    folder = os.path.dirname(SCENE)
    place = os.path.realpath(os.path.join(folder, value))
    if os.path.isabs(value) and not value.startswith(folder + "/"):
        add("absolute-path", told)
    elif not place.startswith(folder + "/"):
        add("path-outside", told)
    elif not os.path.exists(place):
        add("missing-file", told)


def inspect():
    findings = []

    def add(code, what, refused=True):
        if len(findings) < 200:
            findings.append({"code": code, "what": what[:200], "refused": refused})

    if not parameters(0):
        add("still", "the scene does not use $frame: all frames are the same picture", refused=False)
    cameras, size, samples = [], (768, 576), 16
    for node in parsed(0)[1].nodes:
        props, kind = node.props, node.type
        plugin = props.plugin_name()
        if kind == mi.ObjectType.Sensor:
            cameras.append(plugin)
        elif kind == mi.ObjectType.Film:
            size = (int(property(props, "width", size[0])), int(property(props, "height", size[1])))
            if plugin != "hdrfilm":
                add("film", "the film is %s; only hdrfilm is rendered" % plugin)
        elif kind == mi.ObjectType.Sampler:
            samples = int(property(props, "sample_count", samples))
        for key in props.keys():
            look_at_file(add, plugin, key, props[key])
    if not cameras:
        add("no-camera", "the scene has no sensor")
    return {
        "cameras": cameras[:100],
        "width": size[0],
        "height": size[1],
        "samples": samples,
        "first": 0,
        "last": 0,
        "step": 1,
        "findings": findings,
    }


# Forty balls above a plane under one light and a sky, as of the benchmark in Blender; the shaders are this renderer's own.
def benchmark_scene():
    transform = mi.ScalarTransform4f
    scene = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 12},
        "sky": {"type": "constant", "radiance": {"type": "rgb", "value": [0.05, 0.06, 0.08]}},
        "light": {
            "type": "rectangle",
            "to_world": transform().look_at(origin=[4, -6, 7], target=[0, 0, 0], up=[0, 0, 1]) @ transform().scale(1.5),
            "emitter": {"type": "area", "radiance": {"type": "rgb", "value": [25, 25, 25]}},
        },
        "plane": {"type": "rectangle", "to_world": transform().scale(20), "bsdf": {"type": "diffuse"}},
        "sensor": {
            "type": "perspective",
            "fov": 40,
            "to_world": transform().look_at(origin=[0, -9, 5], target=[0, 0, 0.4], up=[0, 0, 1]),
            "film": {"type": "hdrfilm", "width": 256, "height": 256, "rfilter": {"type": "box"}},
            "sampler": {"type": "independent"},
        },
    }
    for number in range(40):
        across, along = number % 8, number // 8
        colour = {"type": "rgb", "value": [0.2 + across * 0.1, 0.8 - along * 0.15, 0.3 + (number % 3) * 0.3]}
        rough = {"type": "roughconductor", "alpha": 0.05 + (number % 5) * 0.1}
        bsdf = rough if number % 3 == 0 else {"type": "dielectric"} if number % 4 == 1 else {"type": "diffuse", "reflectance": colour}
        scene["ball%d" % number] = {"type": "sphere", "center": [across - 3.5, along - 2, 0.42], "radius": 0.42, "bsdf": bsdf}
    return mi.load_dict(scene)


def loaded(asked):
    if BENCHMARK:
        return BENCHMARK
    config, state = parsed(asked["frame"])
    force(state, asked["width"], asked["height"])
    scene = parser.instantiate(config, state)
    if not isinstance(scene, mi.Scene) or not scene.sensors():
        raise ValueError("the scene has no sensor")
    return scene


# One part of the samples after another would be told as progress, but would be another picture: there is none within a frame.
def render(asked):
    # With a single one Mitsuba 3.9 waits for itself.
    drjit.set_thread_count(max(2, asked["threads"]))
    begun = time.monotonic()
    scene = loaded(asked)
    image = mi.render(scene, sensor=0, spp=asked["samples"], seed=asked["seed"])
    took = round((time.monotonic() - begun) * 1000)
    bitmap, stream = mi.Bitmap(image), mi.MemoryStream()
    alpha = bitmap.channel_count() in (2, 4)
    layout = mi.Bitmap.PixelFormat.RGBA if alpha else mi.Bitmap.PixelFormat.RGB
    if asked["format"] == "png":
        bitmap.convert(layout, mi.Struct.Type.UInt8, True).write(stream, mi.Bitmap.FileFormat.PNG)
    else:
        bitmap.convert(layout, mi.Struct.Type.Float32, False).write(stream, mi.Bitmap.FileFormat.OpenEXR)
    return {"milliseconds": took}, stream.raw_buffer()


def serve(asked):
    global BENCHMARK
    if asked["do"] == "inspect":
        return inspect(), b""
    if asked["do"] == "render":
        return render(asked)
    if asked["do"] == "benchmark":
        BENCHMARK = benchmark_scene()
        return {}, b""
    return {"error": "unknown request"}, b""


say({"ready": "depin-render 1"})
for line in sys.stdin:
    try:
        answer, data = serve(json.loads(line))
    except Exception as error:
        answer, data = {"error": "%s: %s" % (type(error).__name__, error)}, b""
    say(answer, data)
