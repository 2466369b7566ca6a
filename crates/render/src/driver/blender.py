# Runs inside of Blender, behind the sandbox: reads one request a line from standard input, answers on what was standard output.
# An answer is one line of JSON; with "bytes" in it, so many bytes follow. Everything that Blender prints goes to standard error.
import json
import os
import sys
import time

import bpy

answers = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(2, 1)
ASKED = sys.argv[sys.argv.index("--") + 1:]
SCENE = ASKED[0] if ASKED else None
FRAME = "/tmp/frame"


def say(answer, data=b""):
    if data:
        answer["bytes"] = len(data)
    whole = json.dumps(answer).encode() + b"\n" + data
    while whole:
        whole = whole[answers.write(whole):]


def resolved(path, library=None):
    return os.path.realpath(bpy.path.abspath(path, library=library))


class Findings:
    def __init__(self):
        self.all = []

    def add(self, code, what, refused=True):
        if len(self.all) < 200:
            self.all.append({"code": code, "what": what[:200], "refused": refused})

    # A file that the scene names: there, inside, by a path that does not depend on the artist's machine.
    def file(self, kind, name, path, library=None):
        if not path:
            return
        told = "%s \"%s\": %s" % (kind, name, path)
        if not path.startswith("//"):
            self.add("absolute-path", told)
            return
        place = resolved(path, library)
        if not place.startswith(os.path.dirname(SCENE) + "/"):
            self.add("path-outside", told)
        elif not os.path.exists(place):
            self.add("missing-file", told)


def images(found):
    for image in bpy.data.images:
        if image.packed_file or image.source in {"GENERATED", "VIEWER"}:
            continue
        path = image.filepath
        if image.source == "TILED":
            path = path.replace("<UDIM>", str(image.tiles[0].number) if len(image.tiles) else "1001")
        found.file("image", image.name, path, image.library)


def other_files(found):
    for library in bpy.data.libraries:
        if not library.packed_file:
            found.file("linked library", library.name, library.filepath)
    for kind, blocks in (("font", bpy.data.fonts), ("volume", bpy.data.volumes)):
        for block in blocks:
            if block.filepath not in {"", "<builtin>"} and not block.packed_file:
                found.file(kind, block.name, block.filepath, block.library)
    for kind, blocks in (("movie clip", bpy.data.movieclips), ("cache file", bpy.data.cache_files)):
        for block in blocks:
            found.file(kind, block.name, block.filepath, block.library)


def identities():
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION":
            for block in getattr(bpy.data, prop.identifier):
                yield block
                tree = getattr(block, "node_tree", None)
                if tree:
                    yield tree


def drivers(found):
    for block in identities():
        animation = getattr(block, "animation_data", None)
        for curve in animation.drivers if animation else ():
            driver = curve.driver
            if driver.type == "SCRIPTED" and not driver.is_simple_expression:
                found.add("driver-script", "driver of \"%s\" %s: %s" % (block.name, curve.data_path, driver.expression))


def nodes(found):
    for tree in (block for block in identities() if isinstance(block, bpy.types.NodeTree)):
        for node in tree.nodes:
            if node.mute:
                continue
            if node.bl_idname == "ShaderNodeScript":
                found.add("osl", "script node \"%s\" in \"%s\"" % (node.name, tree.name))
            elif node.bl_idname == "CompositorNodeOutputFile":
                found.add("file-output", "file output node \"%s\" writes to %s" % (node.name, node.base_path))
            elif node.bl_idname == "CompositorNodeDenoise":
                found.add("denoiser", "denoise node \"%s\"" % node.name)


PHYSICS = {"CLOTH", "SOFT_BODY", "FLUID", "DYNAMIC_PAINT"}


def caches(found):
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if modifier.type in PHYSICS:
                found.add("cache", "\"%s\" simulates %s" % (thing.name, modifier.type.lower().replace("_", " ")))
            elif modifier.type == "MESH_CACHE":
                found.file("mesh cache", thing.name, modifier.filepath, thing.library)
        for system in thing.particle_systems:
            moves = system.settings.type == "EMITTER" or system.use_hair_dynamics
            cache = system.point_cache
            if moves and not (cache.is_baked and not cache.use_disk_cache and not cache.use_external):
                found.add("cache", "particles \"%s\" of \"%s\" are simulated" % (system.name, thing.name))
    for scene in bpy.data.scenes:
        if scene.rigidbody_world and not scene.rigidbody_world.point_cache.is_baked:
            found.add("cache", "rigid bodies of scene \"%s\" are simulated" % scene.name)


def inspect():
    found, scene = Findings(), bpy.context.scene
    cameras = [thing.name for thing in scene.objects if thing.type == "CAMERA"]
    if not scene.camera:
        found.add("no-camera", "scene \"%s\" has no active camera" % scene.name)
    if bpy.data.version > bpy.app.version_file:
        written, here = (".".join(map(str, version)) for version in (bpy.data.version, bpy.app.version_file))
        found.add("newer-version", "the file is of Blender's format %s, this Blender reads up to %s" % (written, here))
    if scene.render.engine != "CYCLES":
        found.add("not-cycles", "scene \"%s\" is set up for %s" % (scene.name, scene.render.engine))
    if getattr(scene.cycles, "shading_system", False):
        found.add("osl", "scene \"%s\" uses Open Shading Language" % scene.name)
    for look in (images, other_files, drivers, nodes, caches):
        look(found)
    for text in bpy.data.texts:
        if text.use_module:
            found.add("script", "text \"%s\" is set to run when the file is opened; it does not" % text.name, refused=False)
    percent = scene.render.resolution_percentage
    return {
        "cameras": cameras[:100],
        "width": scene.render.resolution_x * percent // 100,
        "height": scene.render.resolution_y * percent // 100,
        "samples": scene.cycles.samples,
        "first": scene.frame_start,
        "last": scene.frame_end,
        "step": scene.frame_step,
        "findings": found.all,
    }


# Whatever the file says: what decides the pixels beside the scene itself is as the job says, and nothing else is written.
def force(scene, asked):
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    cycles.device = "CPU"
    cycles.feature_set = "SUPPORTED"
    cycles.shading_system = False
    cycles.samples = asked["samples"]
    cycles.sample_offset = 0
    cycles.seed = asked["seed"]
    cycles.use_animated_seed = False
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    cycles.time_limit = 0
    for layer in scene.view_layers:
        layer.cycles.use_denoising = False
        layer.samples = 0
    render.resolution_x, render.resolution_y, render.resolution_percentage = asked["width"], asked["height"], 100
    render.use_border = render.use_crop_to_border = False
    render.threads_mode, render.threads = "FIXED", asked["threads"]
    render.dither_intensity = 0
    render.use_stamp = False
    for flag in dir(render):
        if flag.startswith("use_stamp_"):
            setattr(render, flag, False)
    render.use_sequencer = render.use_multiview = render.use_persistent_data = False
    render.use_overwrite, render.use_placeholder, render.use_file_extension = True, False, False
    for tree in (scene.node_tree,) if scene.node_tree else ():
        for node in tree.nodes:
            if node.bl_idname == "CompositorNodeOutputFile":
                node.mute = True
    image = render.image_settings
    image.color_management = "FOLLOW_SCENE"
    image.file_format = {"png": "PNG", "exr": "OPEN_EXR"}[asked["format"]]
    image.color_mode = "RGBA" if render.film_transparent else "RGB"
    if asked["format"] == "png":
        image.color_depth, image.compression = "8", 15
    else:
        image.color_depth, image.exr_codec = "32", "ZIP"
        image.use_preview = False
    render.filepath = FRAME


def render(asked):
    scene = bpy.context.scene
    if not scene.camera:
        return {"error": "the scene has no active camera"}, b""
    force(scene, asked)
    if os.path.exists(FRAME):
        os.remove(FRAME)
    begun = time.monotonic()
    scene.frame_set(asked["frame"])
    bpy.ops.render.render(write_still=True)
    took = round((time.monotonic() - begun) * 1000)
    with open(FRAME, "rb") as file:
        return {"milliseconds": took}, file.read()


# The scene of the benchmark: forty glossy, glass and rough balls above a plane under one area light and a sky. The same in every build.
def benchmark_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.05, 0.06, 0.08, 1)
    scene.world = world
    bpy.ops.mesh.primitive_plane_add(size=40)
    for number in range(40):
        across, along = number % 8, number // 8
        bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, radius=0.42, location=(across - 3.5, along - 2, 0.42))
        ball = bpy.context.object
        bpy.ops.object.shade_smooth()
        material = bpy.data.materials.new("ball %d" % number)
        material.use_nodes = True
        inputs = material.node_tree.nodes["Principled BSDF"].inputs
        inputs["Base Color"].default_value = (0.2 + across * 0.1, 0.8 - along * 0.15, 0.3 + (number % 3) * 0.3, 1)
        inputs["Metallic"].default_value = 1.0 if number % 3 == 0 else 0.0
        inputs["Roughness"].default_value = (number % 5) * 0.2
        inputs["Transmission"].default_value = 1.0 if number % 4 == 1 else 0.0
        ball.data.materials.append(material)
    bpy.ops.object.light_add(type="AREA", location=(4, -6, 7), rotation=(0.7, 0.2, 0.4))
    bpy.context.object.data.energy, bpy.context.object.data.size = 900, 3
    bpy.ops.object.camera_add(location=(0, -9, 5), rotation=(1.08, 0, 0))
    scene.camera = bpy.context.object


def serve(asked):
    if asked["do"] == "inspect":
        return inspect(), b""
    if asked["do"] == "render":
        return render(asked)
    if asked["do"] == "benchmark":
        benchmark_scene()
        return {}, b""
    return {"error": "unknown request"}, b""


if SCENE and bpy.data.filepath != SCENE:
    say({"error": "Blender cannot open the file"})
else:
    say({"ready": "depin-render 1"})
    for line in sys.stdin:
        try:
            answer, data = serve(json.loads(line))
        except Exception as error:
            answer, data = {"error": "%s: %s" % (type(error).__name__, error)}, b""
        say(answer, data)
