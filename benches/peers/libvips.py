"""libvips through pyvips, one thread per core.   usage: libvips.py WORK OUT_DIR FILE..."""

import math
import os
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("VIPS_CONCURRENCY", "1")  # a picture per core beats a core's share of every picture

import pyvips  # noqa: E402  (reads the line above)


def read(path):
    return pyvips.Image.new_from_file(path, access="sequential").autorot()


def thumb(path):
    return pyvips.Image.thumbnail(path, 1024, height=1024, size="down"), 85


def web(path):
    picture = read(path)
    factor = min(1.0, 2048 / max(picture.width, picture.height))
    return picture.resize(factor).sharpen(sigma=1.0), 85


def full(path):
    return read(path).gaussblur(3).colourspace("b-w"), 90


def saturated(picture, factor):
    luma = [(1 - factor) * weight for weight in (0.2126, 0.7152, 0.0722)]
    rows = [[factor * (x == y) + luma[x] for x in range(3)] for y in range(3)]
    return picture.recomb(pyvips.Image.new_from_array(rows)).cast("uchar")


def grade(path):
    picture = saturated(read(path).linear(1.1, -5).cast("uchar"), 1.2)
    # Not `sharpen`, which works in Lab and takes far longer.
    return (picture * 1.8 - picture.gaussblur(1) * 0.8).cast("uchar"), 90


def chain8(path):
    levels = pyvips.Image.identity().cast("float")
    levels = (levels + 0.08 * 255).cast("uchar").cast("float")
    levels = ((levels - 127.5) * math.tan(math.pi / 4 * 1.1) + 127.5).cast("uchar").cast("float")
    levels = ((levels / 255) ** (1 / 1.1) * 255).rint().cast("uchar")
    picture = saturated(read(path).maplut(levels), 1.2)
    line = (pyvips.Image.identity() * 0.95 + 3).rint().cast("uchar").invert()
    return saturated(picture.maplut(line), 0.9).invert(), 85


def png_png(path):
    picture = read(path)
    return picture.resize(min(1.0, 2048 / max(picture.width, picture.height)))


def outputs(path, target):
    """Three sizes of an image that is decoded once."""
    picture = read(path).copy_memory()
    for size in (2048, 1024, 320):
        smaller = picture.thumbnail_image(size, height=size, size="down")
        smaller.jpegsave(f"{target}-{size}.jpg", Q=85, subsample_mode="on")


WORKS = {
    "outputs": outputs,
    "thumb": thumb,
    "web": web,
    "full": full,
    "grade": grade,
    "chain8": chain8,
    "png-webp": read,
    "png-png": png_png,
}


def main():
    work, out, files = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    out.mkdir(parents=True, exist_ok=True)

    def one(path):
        target = str(out / pathlib.Path(path).stem)
        if work == "outputs":
            return outputs(path, target)
        result = WORKS[work](path)
        if work == "png-webp":
            result.webpsave(target + ".webp", Q=80)
        elif work == "png-png":
            # The level whose files are about as large as ours.
            result.pngsave(target + ".png", compression=3, filter="all")
        else:
            picture, quality = result
            # From quality 90 on it would write 4:4:4; everybody here writes 4:2:0.
            picture.jpegsave(target + ".jpg", Q=quality, subsample_mode="on")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, files))


main()
