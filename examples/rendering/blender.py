"""Makes scene.blend: a red ball that rolls over a floor before a blue wall, 12 frames, nothing outside of the file.

    blender -b --factory-startup --python examples/rendering/blender.py -- scene.blend

mitsuba.py makes a scene of the same shape for Mitsuba.
"""

import math
import os
import sys

import bpy

# Blender takes absolute paths only.
OUT = os.path.abspath(sys.argv[sys.argv.index("--") + 1])
FRAMES = 12

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene


def material(name, colour):
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    made.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*colour, 1)
    return made


bpy.ops.mesh.primitive_plane_add(size=12)
bpy.context.object.data.materials.append(material("floor", (0.7, 0.7, 0.65)))
bpy.ops.mesh.primitive_plane_add(size=12, location=(0, 4, 0), rotation=(math.radians(90), 0, 0))
bpy.context.object.data.materials.append(material("wall", (0.15, 0.3, 0.7)))

bpy.ops.mesh.primitive_uv_sphere_add(radius=1, location=(-3, 0, 1))
ball = bpy.context.object
ball.data.materials.append(material("ball", (0.8, 0.1, 0.05)))
bpy.ops.object.shade_smooth()
for frame, x in ((1, -3), (FRAMES, 3)):
    ball.location.x = x
    ball.keyframe_insert("location", frame=frame)

bpy.ops.object.light_add(type="AREA", location=(2, -4, 6), rotation=(math.radians(40), 0, math.radians(20)))
bpy.context.object.data.energy, bpy.context.object.data.size = 800, 3
bpy.ops.object.camera_add(location=(0, -9, 3.2), rotation=(math.radians(78), 0, 0))
scene.camera = bpy.context.object

scene.render.engine = "CYCLES"
scene.cycles.samples = 32
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 320, 240, 100
scene.frame_start, scene.frame_end = 1, FRAMES
bpy.ops.wm.save_as_mainfile(filepath=OUT, compress=True)
