"""Pillow, one process per core.   usage: pillow.py WORK OUT_DIR FILE..."""

import os
import pathlib
import sys
from concurrent.futures import ProcessPoolExecutor

from PIL import Image, ImageEnhance, ImageFilter, ImageOps


def thumb(picture):
    picture.draft("RGB", (1024, 1024))
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    picture.thumbnail((1024, 1024), Image.Resampling.LANCZOS)
    return picture, 85


def web(picture):
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    picture.thumbnail((2048, 2048), Image.Resampling.LANCZOS, reducing_gap=None)
    return picture.filter(ImageFilter.UnsharpMask(radius=1, percent=80, threshold=0)), 85


def full(picture):
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    return ImageOps.grayscale(picture.filter(ImageFilter.GaussianBlur(3))), 90


def grade(picture):
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    picture = picture.point([min(255, max(0, round(level * 1.1 - 5))) for level in range(256)] * 3)
    picture = ImageEnhance.Color(picture).enhance(1.2)
    return picture.filter(ImageFilter.UnsharpMask(radius=1, percent=80, threshold=0)), 90


def png_webp(picture):
    return picture.convert("RGB"), 80


def png_png(picture):
    picture = picture.convert("RGB")
    picture.thumbnail((2048, 2048), Image.Resampling.LANCZOS, reducing_gap=None)
    return picture, None


WORKS = {"thumb": thumb, "web": web, "full": full, "grade": grade, "png-webp": png_webp, "png-png": png_png}


def one(task):
    work, out, source = task
    with Image.open(source) as picture:
        result, quality = WORKS[work](picture)
    target = out / pathlib.Path(source).stem
    if work == "png-webp":
        result.save(target.with_suffix(".webp"), quality=quality)
    elif work == "png-png":
        result.save(target.with_suffix(".png"), compress_level=3)
    else:
        result.save(target.with_suffix(".jpg"), quality=quality, subsampling=2)


if __name__ == "__main__":
    work, out, files = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    if work not in WORKS:
        sys.exit(3)
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(one, [(work, out, file) for file in files]):
            pass
