"""How near a thumbnail from scaled decoding is to one from full decoding, photograph by photograph.

usage: psnr.py PIXLOOM FOLDER   (needs Pillow and NumPy; FOLDER holds JPEG files)
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

WANTED_DB = 45
program, photos = sys.argv[1], sorted(pathlib.Path(sys.argv[2]).glob("*.jpg"))


def run(source, out, *more):
    command = [program, "run", source, "-o", out, "--format", "png", "--catalog", out.parent / "catalog.sqlite", *more]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def samples(path):
    with Image.open(path) as picture:
        return numpy.asarray(picture, dtype=numpy.float64)


resize = ["-s", "resize:long_edge=1024"]
least = float("inf")
for photo in photos:
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # A PNG file is always decoded whole.
        run(photo, folder / "whole")
        run(folder / "whole" / f"{photo.stem}.png", folder / "full", *resize)
        run(photo, folder / "scaled", *resize)
        difference = samples(folder / "full" / f"{photo.stem}.png") - samples(folder / "scaled" / f"{photo.stem}.png")
    psnr = 10 * numpy.log10(255**2 / max(numpy.mean(difference**2), 1e-9))
    least = min(least, psnr)
    print(f"{photo.name}: {psnr:.1f} dB, at most {numpy.abs(difference).max():.0f} levels")
print(f"least: {least:.1f} dB, wanted: {WANTED_DB}")
sys.exit(1 if least < WANTED_DB else 0)
