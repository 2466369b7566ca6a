# Makes the scenes of the tests, the sound one and the hostile ones, into the folder that it is given. Run by `blender --background --python`.
import os
import sys

import bpy

FOLDER = sys.argv[sys.argv.index("--") + 1]
OUTSIDE = os.path.join(FOLDER, "outside")


def begin():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    bpy.ops.mesh.primitive_plane_add(size=10)
    bpy.ops.mesh.primitive_uv_sphere_add(radius=1, location=(0, 0, 1))
    ball = bpy.context.object
    material = bpy.data.materials.new("red")
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.8, 0.1, 0.05, 1)
    ball.data.materials.append(material)
    ball.keyframe_insert("location", frame=1)
    ball.location.x = 1.5
    ball.keyframe_insert("location", frame=10)
    bpy.ops.object.light_add(type="AREA", location=(3, -3, 5))
    bpy.context.object.data.energy, bpy.context.object.data.size = 500, 2
    bpy.ops.object.camera_add(location=(4, -4, 3), rotation=(1.1, 0, 0.785))
    scene.camera = bpy.context.object
    # What the job overrules.
    scene.render.use_stamp = True
    scene.render.resolution_x, scene.render.resolution_y = 333, 111
    scene.render.filepath = OUTSIDE + "/by-path"
    scene.cycles.use_adaptive_sampling = scene.cycles.use_animated_seed = True
    scene.frame_start, scene.frame_end = 1, 10
    return scene, ball, material


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, name + ".blend"), compress=False, relative_remap=False)


begin()
save("sound")

scene, ball, material = begin()
text = bpy.data.texts.new("autoexec.py")
text.write("open(%r, 'w').write('run')\n" % (OUTSIDE + "-autoexec"))
text.use_module = True
driver = ball.driver_add("location", 2).driver
driver.type = "SCRIPTED"
driver.expression = "__import__('os').system('touch %s-driver') or 1.0" % OUTSIDE
save("scripts")

scene, ball, material = begin()
driver = ball.driver_add("location", 2).driver
driver.type = "SCRIPTED"
driver.expression = "1.0 + frame * 0.1"
save("simple-driver")

scene, ball, material = begin()
scene.use_nodes = True
output = scene.node_tree.nodes.new("CompositorNodeOutputFile")
output.base_path = OUTSIDE + "-node"
scene.node_tree.links.new(scene.node_tree.nodes["Render Layers"].outputs["Image"], output.inputs[0])
scene.node_tree.nodes.new("CompositorNodeDenoise")
script = material.node_tree.nodes.new("ShaderNodeScript")
script.name = "osl script"
scene.cycles.shading_system = True
save("nodes")

scene, ball, material = begin()
for name, path in (("absolute", "/etc/hostname"), ("outside", "//../secret.png"), ("missing", "//wood.png")):
    image = bpy.data.images.new(name, 4, 4)
    image.source = "FILE"
    image.filepath = path
    image.use_fake_user = True
bpy.ops.mesh.primitive_grid_add(size=2, location=(0, 0, 4))
bpy.ops.object.modifier_add(type="CLOTH")
scene.camera = None
bpy.data.scenes[0].render.engine = "BLENDER_EEVEE"
save("wrong")
