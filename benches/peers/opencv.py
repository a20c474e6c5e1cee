"""OpenCV, one thread per core.   usage: opencv.py thumb|web|full|grade OUT_DIR FILE..."""

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
    picture = cv2.transform(picture, 1.2 * numpy.eye(3) - 0.2 * numpy.tile(LUMA, (3, 1)))
    return sharpened(picture), 90


WORKS = {"thumb": thumb, "web": web, "full": full, "grade": grade}


def main():
    work, out, files = WORKS[sys.argv[1]], pathlib.Path(sys.argv[2]), sys.argv[3:]
    out.mkdir(parents=True, exist_ok=True)

    def one(path):
        picture, quality = work(path)
        target = str(out / (pathlib.Path(path).stem + ".jpg"))
        if not cv2.imwrite(target, picture, [cv2.IMWRITE_JPEG_QUALITY, quality]):
            raise OSError(target)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, files))


main()
