"""Makes the pictures beside this file from ../source.png (the project's own, under its licence; so are the results).

    pip install numpy pillow scikit-image opencv-python-headless; apt install imagemagick (6)
    python make.py

Tests compare our results with them: Gaussian blurs and edges with scikit-image, medians and box blurs with OpenCV, box
blurs of a fraction of a pixel with Pillow, unsharp masks with ImageMagick.
"""

import pathlib
import subprocess

import cv2
import numpy as np
from PIL import Image, ImageFilter
from skimage import filters

here = pathlib.Path(__file__).parent
source = here.parent / "source.png"
pixels = np.asarray(Image.open(source).convert("RGB"))
unit = pixels / 255.0


def save(name, values):
    """Levels of 255, rounded where they are not whole."""
    levels = np.clip(np.asarray(values, dtype=np.float64) + 0.5, 0, 255.999).astype(np.uint8)
    Image.fromarray(levels).save(here / f"{name}.png", optimize=True)


for sigma in (1, 14, 50):
    blurred = filters.gaussian(unit, sigma=sigma, truncate=4, mode="nearest", channel_axis=2)
    save(f"skimage_gaussian_{sigma}", blurred * 255)
for radius in (1, 2, 3, 6):
    save(f"opencv_median_{radius}", cv2.medianBlur(pixels, 2 * radius + 1))
for radius in (2, 11):
    size = (2 * radius + 1, 2 * radius + 1)
    save(f"opencv_box_{radius}", cv2.blur(unit, size, borderType=cv2.BORDER_REPLICATE) * 255)
save("pillow_box_2.6", np.asarray(Image.open(source).convert("RGB").filter(ImageFilter.BoxBlur(2.6))))
for name in ("sobel", "scharr", "prewitt"):
    edges = [getattr(filters, name)(unit[..., c], mode="nearest") for c in range(3)]
    save(f"skimage_{name}", np.stack(edges, axis=2) * 255)
for sigma, amount in ((1, 0.8), (2.5, 1.5)):
    target = here / f"imagemagick_unsharp_{sigma}_{amount}.png"
    command = ["/usr/bin/convert", source, "-unsharp", f"0x{sigma}+{amount}+0", "-strip", "-depth", "8", f"PNG24:{target}"]
    subprocess.run(command, check=True)
