"""OpenCV, one thread per core.   usage: opencv.py WORK OUT_DIR FILE..."""

import math
import os
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy

cv2.setNumThreads(1)  # a picture per core beats a core's share of every picture


def shrink(picture, edge):
    height, width = picture.shape[:2]
    factor = edge / max(height, width)
    if factor >= 1:
        return picture
    size = (round(width * factor), round(height * factor))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def thumb(path):
    return shrink(cv2.imread(path, cv2.IMREAD_REDUCED_COLOR_4), 1024), 85


def sharpened(picture):
    return cv2.addWeighted(picture, 1.8, cv2.GaussianBlur(picture, (0, 0), 1), -0.8, 0)


def web(path):
    return sharpened(shrink(cv2.imread(path), 2048)), 85


def full(path):
    return cv2.cvtColor(cv2.GaussianBlur(cv2.imread(path), (0, 0), 3), cv2.COLOR_BGR2GRAY), 90


LUMA = numpy.array([0.0722, 0.7152, 0.2126])  # blue, green, red


def grade(path):
    picture = cv2.imread(path)
    picture = cv2.addWeighted(picture, 1.1, picture, 0, -5)
    return sharpened(saturated(picture, 1.2)), 90


def saturated(picture, factor):
    return cv2.transform(picture, factor * numpy.eye(3) + (1 - factor) * numpy.tile(LUMA, (3, 1)))


def chain8(path):
    levels = numpy.clip(numpy.arange(256) + 0.08 * 255, 0, 255)
    levels = numpy.clip((levels - 127.5) * math.tan(math.pi / 4 * 1.1) + 127.5, 0, 255)
    levels = numpy.rint((levels / 255) ** (1 / 1.1) * 255).astype(numpy.uint8)
    picture = saturated(cv2.LUT(cv2.imread(path), levels), 1.2)
    line = (255 - numpy.rint(numpy.arange(256) * 0.95 + 3).clip(0, 255)).astype(numpy.uint8)
    return cv2.bitwise_not(saturated(cv2.LUT(picture, line), 0.9)), 85


def png_webp(path):
    return cv2.imread(path), 80


def png_png(path):
    return shrink(cv2.imread(path), 2048), None


WORKS = {
    "thumb": thumb,
    "web": web,
    "full": full,
    "grade": grade,
    "chain8": chain8,
    "png-webp": png_webp,
    "png-png": png_png,
}


def main():
    work, out, files = WORKS[sys.argv[1]], pathlib.Path(sys.argv[2]), sys.argv[3:]
    out.mkdir(parents=True, exist_ok=True)

    def one(path):
        picture, quality = work(path)
        suffix, settings = {
            "png-webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, quality]),
            "png-png": (".png", []),
        }.get(sys.argv[1], (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality]))
        target = str(out / (pathlib.Path(path).stem + suffix))
        if not cv2.imwrite(target, picture, settings):
            raise OSError(target)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, files))


main()
