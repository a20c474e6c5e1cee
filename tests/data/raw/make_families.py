#!/usr/bin/env python3
"""Writes small raw files like those of many makers, as seeds of mutants: their directories, with levels of noise.

usage: make_families.py FOLDER
"""

import struct
import sys
from pathlib import Path

import imagecodecs
import numpy as np

from make_dng import Writer, jpeg, packed12, scene

WIDTH, HEIGHT = 64, 48


def levels(bits):
    return np.random.default_rng(7).integers(200, (1 << bits) - 1, (HEIGHT, WIDTH)).astype(np.uint16)


def sensor_tags(bits, compression, at, length, **more):
    return {
        254: (4, [0]), 256: (4, [WIDTH]), 257: (4, [HEIGHT]), 258: (3, [bits]), 259: (3, [compression]), 262: (3, [32803]),
        273: (4, [at]), 277: (3, [1]), 278: (4, [HEIGHT]), 279: (4, [length]), 284: (3, [1]),
        33421: (3, [2, 2]), 33422: (1, [0, 1, 1, 2]),
    } | more.get("tags", {})


def build(head, make, model, bits, compression, data, below, magic, note, tags):
    out = Writer(head)
    (w, h), preview = jpeg(scene(WIDTH, HEIGHT))
    exif = out.ifd({33434: (5, [(1, 60)]), 34855: (3, [400]), 36867: (2, "2026:10:03 14:15:16"), 37500: (7, note)})
    names = {271: (2, make), 272: (2, model), 274: (3, [6]), 306: (2, "2026:10:03 14:15:16"), 34665: (4, [exif])}
    sensor = sensor_tags(bits, compression, out.pixels(data), len(data), tags=tags)
    small = {
        254: (4, [1]), 256: (4, [w]), 257: (4, [h]), 259: (3, [6]), 262: (3, [6]), 258: (3, [8, 8, 8]), 277: (3, [3]),
        513: (4, [out.pixels(preview)]), 514: (4, [len(preview)]), 273: (4, [out.pixels(preview)]), 278: (4, [h]),
        279: (4, [len(preview)]),
    }
    first = small | names | {330: (4, [out.ifd(sensor)])} if below else sensor | names
    at = out.ifd(first)
    out.data[:4] = magic
    out.data[4:8] = struct.pack("<I", at)
    out.data += b"\0" * (len(out.data) % 2)
    return out


def tiff(path, make, model, bits=14, compression=1, data=None, below=True, magic=b"II*\0", note=b"NOTE\0\1\2\3", tags=None):
    flat = levels(bits)
    data = data if data is not None else packed12(flat) if bits == 12 else flat.tobytes()
    bits = bits if bits == 12 else 16
    settings = (make, model, bits, compression, data, below, magic, note, tags or {})
    head = len(build(0, *settings).data)
    out = build(head, *settings)
    Path(path).write_bytes(out.data + out.behind)


def fuji(path):
    """RAF: a JPEG file, a table of records, and the levels."""
    _, preview = jpeg(scene(WIDTH, HEIGHT))
    records = [(0x100, struct.pack(">HH", HEIGHT, WIDTH)), (0x110, struct.pack(">HH", 2, 2)),
               (0x111, struct.pack(">HH", HEIGHT - 4, WIDTH - 4)), (0x131, bytes([1, 2, 1, 0] * 9)),
               (0x2FF0, struct.pack(">HHHH", 302, 540, 302, 460)), (0x121, struct.pack(">HH", HEIGHT, WIDTH))]
    table = struct.pack(">I", len(records)) + b"".join(struct.pack(">HH", tag, len(raw)) + raw for tag, raw in records)
    data = levels(14).tobytes()
    at = 148
    table_at = at + len(preview)
    data_at = table_at + len(table)
    head = b"FUJIFILMCCD-RAW 0201FF383501" + b"X-T1".ljust(32, b"\0") + b"0100" + b"\0" * 20
    head += struct.pack(">IIIIII", at, len(preview), table_at, len(table), data_at, len(data))
    Path(path).write_bytes(head.ljust(at, b"\0") + preview + table + data)


def families(folder):
    folder.mkdir(parents=True, exist_ok=True)
    lossless = imagecodecs.ljpeg_encode(levels(14), bitspersample=14)
    noise = np.random.default_rng(8).integers(0, 256, 6000).astype(np.uint8).tobytes()
    tiff(folder / "nikon.nef", "NIKON CORPORATION", "NIKON D5100", note=b"Nikon\0\2\x10\0\0II*\0\x08\0\0\0\0\0")
    tiff(folder / "nikon_coded.nef", "NIKON CORPORATION", "NIKON D5100", compression=34713, data=noise)
    tiff(folder / "sony.arw", "SONY", "ILCE-7M3")
    tiff(folder / "sony_coded.arw", "SONY", "ILCE-7M2", compression=32767, data=noise)
    tiff(folder / "pentax.pef", "PENTAX", "PENTAX K-5", below=False)
    tiff(folder / "pentax_coded.pef", "PENTAX", "PENTAX K-5", compression=65535, data=noise, below=False)
    tiff(folder / "samsung.srw", "SAMSUNG", "NX300", bits=12)
    tiff(folder / "samsung_coded.srw", "SAMSUNG", "NX300", compression=32770, data=noise)
    tiff(folder / "hasselblad.3fr", "Hasselblad", "Hasselblad H3D")
    tiff(folder / "hasselblad_coded.3fr", "Hasselblad", "Hasselblad H4D", compression=7, data=lossless)
    tiff(folder / "kodak.dcr", "KODAK", "DCS Pro 14N")
    tiff(folder / "epson.erf", "SEIKO EPSON CORP.", "R-D1")
    tiff(folder / "mamiya.mef", "Mamiya-OP Co.,Ltd.", "MAMIYA ZD")
    tiff(folder / "leica.rwl", "LEICA", "V-LUX 1", below=False)
    tiff(folder / "olympus.orf", "OLYMPUS IMAGING CORP.", "E-M5", bits=12, below=False, magic=b"IIRO")
    tiff(folder / "olympus_coded.orf", "OLYMPUS IMAGING CORP.", "E-M5", data=noise, below=False, magic=b"IIRO")
    tiff(folder / "panasonic.rw2", "Panasonic", "DMC-GH3", data=noise, below=False, magic=b"IIU\0", tags={
        2: (3, [WIDTH]), 3: (3, [HEIGHT]), 4: (3, [2]), 5: (3, [2]), 6: (3, [HEIGHT - 2]), 7: (3, [WIDTH - 2]), 9: (3, [1]),
        10: (3, [12]), 11: (3, [34316]), 36: (3, [500]), 37: (3, [256]), 38: (3, [400]), 280: (4, [0])})
    tiff(folder / "canon.cr2", "Canon", "Canon EOS 40D", compression=6, data=lossless, below=False, tags={50752: (3, [0, 0, WIDTH])})
    tiff(folder / "phase.iiq", "Phase One", "P45+", below=False)
    fuji(folder / "fuji.raf")


if __name__ == "__main__":
    families(Path(sys.argv[1]))
