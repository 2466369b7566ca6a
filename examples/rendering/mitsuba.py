"""Makes scene.xml: the ball, floor and wall of blender.py for Mitsuba, with the frame's number as its parameter.

    python3 examples/rendering/mitsuba.py scene.xml

No package is needed to make it; frames 1 to 12 are meant. A parameter is a number as it stands, so the ball rolls half a unit a frame.
"""

import sys

SCENE = """<scene version="3.0.0">
  <default name="frame" value="1"/>
  <integrator type="path"><integer name="max_depth" value="5"/></integrator>
  <sensor type="perspective">
    <float name="fov" value="45"/>
    <transform name="to_world"><lookat origin="0, -9, 3.2" target="0, 0, 1.2" up="0, 0, 1"/></transform>
    <sampler type="independent"><integer name="sample_count" value="32"/></sampler>
    <film type="hdrfilm"><integer name="width" value="320"/><integer name="height" value="240"/><rfilter type="box"/></film>
  </sensor>
  <shape type="rectangle">
    <transform name="to_world"><scale value="6"/></transform>
    <bsdf type="diffuse"><rgb name="reflectance" value="0.7, 0.7, 0.65"/></bsdf>
  </shape>
  <shape type="rectangle">
    <transform name="to_world"><scale value="6"/><rotate x="1" angle="90"/><translate y="4"/></transform>
    <bsdf type="diffuse"><rgb name="reflectance" value="0.15, 0.3, 0.7"/></bsdf>
  </shape>
  <shape type="sphere">
    <transform name="to_world"><translate x="$frame"/><scale value="0.5"/><translate x="-3.25" z="1"/></transform>
    <float name="radius" value="2"/>
    <bsdf type="diffuse"><rgb name="reflectance" value="0.8, 0.1, 0.05"/></bsdf>
  </shape>
  <shape type="rectangle">
    <transform name="to_world"><scale value="1.5"/><rotate x="1" angle="140"/><translate x="2" y="-4" z="6"/></transform>
    <emitter type="area"><rgb name="radiance" value="12"/></emitter>
  </shape>
</scene>
"""

with open(sys.argv[1], "w", encoding="utf-8") as out:
    out.write(SCENE)
