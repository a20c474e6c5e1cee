#!/usr/bin/env python3
"""Writes the DNG files of the tests, and what LibRaw makes of them (needs numpy, Pillow, rawpy and imagecodecs).

The scene is a ramp of sRGB colours with patches and a clipped lamp. It is turned into what a camera's sensor would have
seen: through the camera's matrix, divided by its white balance, mosaiced, with black level and masked borders.
"""

import io
import struct
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import rawpy
from PIL import Image

XYZ_FROM_SRGB = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
# XYZ to camera, like that of a camera of 2008, with four decimals.
MATRIX = np.array([[0.4716, 0.0603, -0.0830], [-0.7798, 1.5474, 0.2480], [-0.1496, 0.1937, 0.6651]])
NEUTRAL = np.array([0.5, 1.0, 0.625])
EXIF_IFD, SUB_IFDS = 34665, 330
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8}


def scene(width, height):
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / (width - 1), y / (height - 1)
    rgb = np.stack([0.05 + 0.6 * u, 0.1 + 0.5 * v, 0.6 - 0.5 * u], axis=-1)
    rgb[(u > 0.1) & (u < 0.3) & (v > 0.1) & (v < 0.4)] = (0.18, 0.18, 0.18)
    rgb[(u > 0.6) & (u < 0.8) & (v > 0.6) & (v < 0.9)] = (0.5, 0.1, 0.1)
    # A lamp far above white, with a soft edge.
    lamp = np.clip(1.6 - np.hypot((u - 0.75) * width / height, v - 0.25) * 8, 0, 1)[..., None]
    return rgb * (1 - lamp) + 3.0 * lamp


def sensor(rgb, black, white):
    """Levels of camera colours for linear sRGB."""
    to_camera = MATRIX @ XYZ_FROM_SRGB
    to_camera /= to_camera.sum(axis=1, keepdims=True)
    camera = rgb @ to_camera.T * NEUTRAL
    return np.clip(np.rint(camera * (white - black) + black), 0, white).astype(np.uint16)


def mosaic(camera, pattern):
    flat = np.empty(camera.shape[:2], np.uint16)
    for dy in range(2):
        for dx in range(2):
            flat[dy::2, dx::2] = camera[dy::2, dx::2, "RGB".index(pattern[dy * 2 + dx])]
    return flat


def packed12(rows):
    pairs = rows.reshape(rows.shape[0], -1, 2).astype(np.uint32)
    word = (pairs[..., 0] << 12) | pairs[..., 1]
    return np.stack([word >> 16, word >> 8 & 255, word & 255], axis=-1).astype(np.uint8).tobytes()


def rational(*values):
    return 10, [(round(value * 10000), 10000) for value in values]


class Writer:
    """A little-endian TIFF file whose pixels are behind its directories, which take `head` bytes."""

    def __init__(self, head=0):
        self.data = bytearray(b"II*\0\0\0\0\0")
        self.head = head
        self.behind = bytearray()

    def pixels(self, data):
        at = self.head + len(self.behind)
        self.behind += data + b"\0" * (len(data) % 2)
        return at

    def blob(self, data):
        if len(self.data) % 2:
            self.data += b"\0"
        at = len(self.data)
        self.data += data
        return at

    def ifd(self, tags):
        entries = []
        for tag, (kind, values) in sorted(tags.items()):
            if kind == 2:
                raw = values.encode() + b"\0"
                count = len(raw)
            elif kind in (1, 7):
                raw, count = bytes(values), len(values)
            elif kind in (5, 10):
                raw = b"".join(struct.pack("<ii" if kind == 10 else "<II", *value) for value in values)
                count = len(values)
            else:
                raw = struct.pack("<%d%s" % (len(values), {3: "H", 4: "I"}[kind]), *values)
                count = len(values)
            value = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack("<I", self.blob(raw))
            entries.append(struct.pack("<HHI", tag, kind, count) + value)
        return self.blob(struct.pack("<H", len(entries)) + b"".join(entries) + b"\0\0\0\0")


def jpeg(rgb, size=None):
    encoded = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * np.clip(rgb, 0, None) ** (1 / 2.4) - 0.055)
    image = Image.fromarray((np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8))
    if size:
        image = image.resize(size, Image.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, subsampling=0)
    return image.size, out.getvalue()


def dng(path, **settings):
    head = len(build(0, **settings).data)
    out = build(head, **settings)
    Path(path).write_bytes(out.data + out.behind)


def build(head, width=132, height=92, margin=6, bits=14, pattern="RGGB", orientation=1, kind="plain", previews=(), black=512):
    """`kind` is plain, packed (12 bits), lossless (JPEG), or linear (with all colours)."""
    white = {12: 4000, 14: 15800, 16: 65000}[bits]
    rgb = scene(width, height)
    camera = sensor(rgb, black, white)
    out = Writer(head)
    inner = rgb[margin:height - margin, margin:width - margin]
    sub_ifds = []
    raw = {
        254: (4, [0]), 256: (4, [width]), 257: (4, [height]), 259: (3, [1]), 262: (3, [34892 if kind == "linear" else 32803]),
        277: (3, [1]), 278: (4, [height]), 258: (3, [16]), 284: (3, [1]),
        50714: (4, [black]), 50717: (4, [white]), 50829: (4, [0, 0, height, width]),
        50719: (4, [margin, margin]), 50720: (4, [width - 2 * margin, height - 2 * margin]),
    }
    if kind == "linear":
        raw |= {277: (3, [3]), 258: (3, [16] * 3), 50714: (4, [black] * 3), 50713: (3, [1, 1]), 50717: (4, [white] * 3)}
        data = camera.tobytes()
    else:
        flat = mosaic(camera, pattern)
        raw |= {33421: (3, [2, 2]), 33422: (1, ["RGB".index(c) for c in pattern]), 50710: (1, [0, 1, 2]), 50711: (3, [1])}
        if kind == "packed":
            raw[258] = (3, [12])
            data = packed12(flat)
        elif kind == "lossless":
            raw[259] = (3, [7])
            # As cameras do: two columns of the mosaic as two components.
            data = imagecodecs.ljpeg_encode(flat.reshape(height, width // 2, 2).reshape(height, -1), bitspersample=bits)
        else:
            data = flat.tobytes()
    raw[273], raw[279] = (4, [out.pixels(data)]), (4, [len(data)])
    sub_ifds.append(out.ifd(raw))
    for size in previews:
        (w, h), data = jpeg(inner, None if size == "full" else size)
        sub_ifds.append(out.ifd({
            254: (4, [1]), 256: (4, [w]), 257: (4, [h]), 258: (3, [8, 8, 8]), 259: (3, [7]), 262: (3, [6]), 277: (3, [3]),
            273: (4, [out.pixels(data)]), 278: (4, [h]), 279: (4, [len(data)]),
        }))
    exif = out.ifd({
        33434: (5, [(1, 250)]), 33437: (5, [(28, 10)]), 34855: (3, [200]), 36864: (7, b"0230"), 36867: (2, "2026:10:03 14:15:16"),
        37386: (5, [(50, 1)]), 40961: (3, [1]), 42036: (2, "Pixloom 50mm f/1.4"), 37500: (7, b"PIXLOOM NOTE\0\1\2\3"),
    })
    thumb = np.zeros((12, 16, 3), np.uint8) + 77
    first = {
        254: (4, [1]), 256: (4, [16]), 257: (4, [12]), 258: (3, [8, 8, 8]), 259: (3, [1]), 262: (3, [2]), 271: (2, "Pixloom"),
        272: (2, "Test One"), 273: (4, [out.pixels(thumb.tobytes())]), 274: (3, [orientation]), 277: (3, [3]), 278: (4, [12]),
        279: (4, [thumb.size]), 284: (3, [1]), 305: (2, "make_dng.py"), 306: (2, "2026:10:03 14:15:16"), 330: (4, sub_ifds),
        33432: (2, "CC0"), EXIF_IFD: (4, [exif]), 50706: (1, [1, 4, 0, 0]), 50707: (1, [1, 1, 0, 0]), 50708: (2, "Pixloom Test One"),
        50721: rational(*MATRIX.flatten()), 50728: (5, [(round(n * 10000), 10000) for n in NEUTRAL]), 50778: (3, [21]),
    }
    at = out.ifd(first)
    out.data[4:8] = struct.pack("<I", at)
    out.data += b"\0" * (len(out.data) % 2)
    return out


def by_libraw(path, half=False):
    """Linear sRGB of 16 bits with the camera's white balance."""
    with rawpy.imread(str(path)) as raw:
        return raw.postprocess(
            gamma=(1, 1), no_auto_bright=True, output_bps=16, use_camera_wb=True, user_flip=0, half_size=half,
            demosaic_algorithm=rawpy.DemosaicAlgorithm.LINEAR, output_color=rawpy.ColorSpace.sRGB)


FILES = {
    "bayer14.dng": dict(orientation=6, previews=["full", (60, 40)]),
    "bayer12_packed.dng": dict(bits=12, kind="packed", pattern="GBRG", black=128),
    "bayer14_lossless.dng": dict(kind="lossless", pattern="BGGR", previews=[(60, 40)]),
    "linear16.dng": dict(bits=16, kind="linear", width=72, height=52, black=1024),
}

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    for name, settings in FILES.items():
        dng(folder / name, **settings)
        margin = 6
        linear = by_libraw(folder / name)[margin:-margin, margin:-margin]
        (folder / name).with_suffix(".png").write_bytes(imagecodecs.png_encode(linear))
        print(name, (folder / name).stat().st_size, linear.shape)
