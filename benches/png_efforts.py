"""Sizes and CPU times of PNG files at each effort, against ImageMagick and oxipng (pip install pillow numpy pyoxipng).

png_efforts.py PIXLOOM [FOLDER]: makes small screens, drawings, scans and photographs in FOLDER, and prints a table.
"""
import glob
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

RNG = np.random.default_rng(5)
FONT = ImageFont.load_default()


def page(size, mode, paper, ink):
    """Lines of random words."""
    image = Image.new(mode, size, paper)
    draw = ImageDraw.Draw(image)
    for y in range(8, size[1] - 8, 13):
        letters = lambda: "".join(chr(97 + RNG.integers(0, 26)) for _ in range(RNG.integers(2, 9)))
        draw.text((10, y), " ".join(letters() for _ in range(size[0] // 45)), fill=ink, font=FONT)
    return image


def images():
    """Each image by its name."""
    made = {}
    screen = page((1600, 1000), "RGB", (250, 250, 250), (30, 30, 30))
    draw = ImageDraw.Draw(screen)
    for _ in range(12):
        x, y = int(RNG.integers(0, 1300)), int(RNG.integers(0, 800))
        colour = tuple(int(v) for v in RNG.integers(60, 256, 3))
        draw.rounded_rectangle((x, y, x + 280, y + 160), 12, fill=colour, outline=(90, 90, 90))
    made["screen"] = screen
    across, down = np.linspace(0, 255, 800)[None, :] * np.ones((500, 1)), np.linspace(0, 255, 500)[:, None]
    slope = np.stack([across, across[:, ::-1], down * np.ones((1, 800))], -1).astype(np.uint8)
    made["screen_with_gradient"] = screen.copy()
    made["screen_with_gradient"].paste(Image.fromarray(slope), (400, 250))
    made["screen_opaque_alpha"] = made["screen_with_gradient"].convert("RGBA")
    made["text_gray"] = page((1240, 1754), "L", 255, 0)
    made["text_as_rgb"] = made["text_gray"].convert("RGB")
    made["scan_1_bit"] = page((2480, 3508), "L", 255, 0).convert("1")
    made["palette_16"], made["palette_256"] = screen.quantize(16), made["screen_with_gradient"].quantize(256)
    chart = Image.new("RGB", (1200, 800), "white")
    draw = ImageDraw.Draw(chart)
    for k in range(8):
        points = [(t, int(400 + 150 * np.sin(t / (40 + 20 * k)) + 20 * k)) for t in range(0, 1200, 3)]
        draw.line(points, fill=tuple(int(v) for v in RNG.integers(0, 200, 3)), width=3)
    made["chart"] = chart.filter(ImageFilter.GaussianBlur(0.6))
    logo = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
    draw = ImageDraw.Draw(logo)
    for _ in range(30):
        colour = tuple(int(v) for v in RNG.integers(0, 256, 3)) + (int(RNG.integers(120, 256)),)
        a, b = RNG.integers(50, 500, 2)
        draw.ellipse((a, b, a + 250, b + 200), fill=colour)
    made["logo"] = logo.filter(ImageFilter.GaussianBlur(1.2))
    x, y = np.meshgrid(np.arange(1200), np.arange(800))
    gradient = np.sin(x / 90) * 60 + np.cos(y / 70) * 60 + 128
    eight = lambda values: Image.fromarray(values.clip(0, 255).astype(np.uint8))
    made["gradient"] = eight(np.stack([gradient, gradient[::-1], gradient[:, ::-1]], -1))
    made["gradient_16_bits"] = Image.fromarray((gradient * 257).clip(0, 65535).astype(np.uint16))
    scene = np.stack([gradient + 20 * np.sin(x * y / 9e3), gradient[::-1], gradient[:, ::-1]], -1)
    noisy = eight(scene + RNG.normal(0, 4, (800, 1200, 3)))
    made["photo"], made["photo_opaque_alpha"] = noisy, noisy.convert("RGBA")
    made["photo_gray_as_rgb"] = noisy.convert("L").convert("RGB")
    here = os.path.dirname(os.path.abspath(__file__))
    for path in sorted(glob.glob(f"{here}/../assets/samples/*.jpg")):
        made["sample_" + os.path.basename(path).removesuffix(".jpg")] = Image.open(path).convert("RGB")
    return made


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    program = os.path.abspath(sys.argv[1])
    folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    out = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    for name, image in images().items():
        path, result, columns = f"{folder}/{name}.png", f"{out}/{name}.png", []
        image.save(path)
        for effort in ["default", *range(10)]:
            save = [] if effort == "default" else ["--save", f"png:effort={effort}"]
            options = ["--format", "png", "--on-conflict", "overwrite", "--fast", "--quiet", "--no-config"]
            command = [program, "run", path, "-o", out, "--catalog", f"{out}/catalog.sqlite", *options, *save]
            columns.append((effort, cpu_seconds(command), os.path.getsize(result)))
        columns.append(("ImageMagick", cpu_seconds(["convert", path, result]), os.path.getsize(result)))
        try:
            import oxipng

            began = time.process_time()
            oxipng.optimize(path, result, level=2, force=True)
            columns.append(("oxipng", time.process_time() - began, os.path.getsize(result)))
        except ImportError:
            pass
        figures = "  ".join(f"{label}: {size / 1000:.0f} kB {1000 * time_s:.0f} ms" for label, time_s, size in columns)
        print(f"{name}  {figures}", flush=True)


main()
