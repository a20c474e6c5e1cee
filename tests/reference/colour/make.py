"""Makes the colour references beside it: profiles of our own, small pictures, and what littleCMS makes of them.

    cargo build && python make.py [PIXLOOM]      (needs Pillow with littleCMS, and numpy)

Everything here is made by this script and in the public domain. The press is a model, not a measurement: sixteen
primaries of offset print on coated paper, mixed by Neugebauer's equations with the Yule-Nielsen correction.
"""

import io
import itertools
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

HERE = Path(__file__).parent
PIXLOOM = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parents[2] / "target/debug/pixloom").resolve()
SPACES = ["display-p3", "adobe-rgb", "prophoto-rgb", "rec2020"]
D50 = np.array([0.9642, 1.0, 0.8249])


def tag(kind, body):
    return kind + b"\0\0\0\0" + body


def desc(text):
    data = text.encode() + b"\0"
    return tag(b"desc", struct.pack(">I", len(data)) + data + b"\0" * 8 + b"\0\0\0" + b"\0" * 67)


def s15(values):
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def profile(kind, space, pcs, tags):
    tags = {b"desc": desc("Pixloom test: " + space.decode().strip()), b"cprt": tag(b"text", b"Public domain\0"),
            b"wtpt": tag(b"XYZ ", s15(D50)), **tags}
    table, data = b"", b""
    at = 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        body += b"\0" * (-len(body) % 4)
        table += name + struct.pack(">II", at + len(data), len(body))
        data += body
    head = struct.pack(">I4sI4s4s4s12s4s4sI", at + len(data), b"none", 0x02400000, kind, space, pcs,
                       struct.pack(">6H", 2026, 1, 1, 0, 0, 0), b"acsp", b"\0\0\0\0", 0)
    head += b"\0" * 16 + struct.pack(">I", 1) + s15(D50)
    head += b"\0" * (128 - len(head))
    return head + struct.pack(">I", len(tags)) + table + data


def lab_to_xyz(lab):
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    return D50 * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))


def xyz_to_lab(xyz):
    t = xyz / D50
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def lut16(inputs, grid, lab):
    """An `mft2` table from device values to Lab (16-bit, version 2's encoding)."""
    l = lab[..., 0] * 65280 / 100
    ab = (lab[..., 1:] + 128) * 256
    values = np.clip(np.round(np.concatenate([l[..., None], ab], -1)), 0, 65535).astype(">u2")
    head = struct.pack(">BBBB", inputs, 3, grid, 0) + s15([1, 0, 0, 0, 1, 0, 0, 0, 1]) + struct.pack(">HH", 2, 2)
    line = struct.pack(">HH", 0, 65535)
    return tag(b"mft2", head + line * inputs + values.tobytes() + line * 3)


def lattice(inputs, grid):
    axis = np.linspace(0, 1, grid)
    return np.array(list(itertools.product(axis, repeat=inputs))).reshape(-1, inputs)


PRIMARIES = {  # Lab of overprints, K in the last place
    "0000": (100, 0, 0), "1000": (57, -37, -48), "0100": (50, 73, -3), "0010": (92, -5, 92),
    "1100": (25, 21, -46), "1010": (52, -67, 30), "0110": (49, 67, 47), "1110": (23, 0, 0),
    "0001": (17, 0, 0), "1001": (10, -4, -6), "0101": (10, 8, -1), "0011": (15, 0, 8),
    "1101": (6, 3, -6), "1011": (8, -6, 3), "0111": (8, 7, 5), "1111": (3, 0, 0),
}


def press(inks):
    n = 1.7
    inks = inks + 0.6 * 0.25 * 4 * inks * (1 - inks) * 0.9  # dots grow
    total = 0
    for word, lab in PRIMARIES.items():
        weight = np.prod([inks[:, i] if bit == "1" else 1 - inks[:, i] for i, bit in enumerate(word)], axis=0)
        total = total + weight[:, None] * lab_to_xyz(np.array(lab, float)) ** (1 / n)
    return xyz_to_lab(total**n)


def scanner(rgb):
    """A device whose channels cross over a little, which no matrix tells."""
    linear = rgb**2.2
    crossed = linear @ np.array([[0.46, 0.21, 0.01], [0.36, 0.73, 0.06], [0.1442, 0.06, 0.7549]])
    bent = crossed * (1 - 0.05 * np.sin(np.pi * rgb.mean(1, keepdims=True)))
    return xyz_to_lab(bent * D50 / np.array([0.9642, 1.0, 0.8249]))


def curve(values):
    return tag(b"curv", struct.pack(">I", len(values)) + b"".join(struct.pack(">H", v) for v in values))


def embedded(space):
    """The profile that Pixloom embeds when it converts to a space of that name."""
    with tempfile.TemporaryDirectory() as folder:
        Image.new("RGB", (1, 1)).save(Path(folder) / "one.png")
        command = [PIXLOOM, "run", "one.png", "--colour", space, "--format", "png", "-o", "out", "--catalog", "catalog"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return Image.open(io.BytesIO((Path(folder) / "out/one.png").read_bytes())).info["icc_profile"]


def main():
    levels = [round(v) for v in np.linspace(0, 255, 13)]
    colours = np.array(list(itertools.product(levels, repeat=3)), np.uint8)
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
    rgb = np.concatenate([colours, ramp, np.zeros((13 * 190 - 13**3 - 256, 3), np.uint8)]).reshape(190, 13, 3)
    inks = np.concatenate([lattice(4, 7) * 255, np.zeros((2450 - 2401, 4))]).round().astype(np.uint8).reshape(49, 50, 4)
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)

    dot_gain = [round(65535 * (1 - min(1.0, a + 0.2 * 4 * a * (1 - a) * 0.9)) ** 1.1) for a in np.linspace(1, 0, 64)]
    matrix = np.array([[0.6097, 0.3111, 0.0195], [0.2053, 0.6257, 0.0609], [0.1492, 0.0632, 0.7445]])  # Adobe RGB
    gamma = curve([round(2.19921875 * 256)])
    made = {
        "press": (profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut16(4, 7, press(lattice(4, 7)))}), inks, "CMYK"),
        "scanner": (profile(b"scnr", b"RGB ", b"Lab ", {b"A2B0": lut16(3, 17, scanner(lattice(3, 17)))}), rgb, "RGB"),
        "adobe-v2": (profile(b"mntr", b"RGB ", b"XYZ ", {
            name + b"XYZ": tag(b"XYZ ", s15(column)) for name, column in zip([b"r", b"g", b"b"], matrix)
        } | {name + b"TRC": gamma for name in [b"r", b"g", b"b"]}), rgb, "RGB"),
        "dot-gain": (profile(b"prtr", b"GRAY", b"XYZ ", {b"kTRC": curve(dot_gain)}), gray, "L"),
    }
    srgb = ImageCms.createProfile("sRGB")
    exact = ImageCms.Flags.NONE
    for name, (icc, pixels, mode) in made.items():
        (HERE / f"{name}.icc").write_bytes(icc)
        source = Image.fromarray(pixels, mode)
        opened = ImageCms.ImageCmsProfile(str(HERE / f"{name}.icc"))
        out = "L" if mode == "L" else "RGB"
        transform = ImageCms.buildTransform(opened, srgb, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, exact)
        result = ImageCms.applyTransform(source, transform)
        if out == "L":
            result = result.getchannel("G")
        result.save(HERE / f"{name}-srgb.png", optimize=True)
    # Display P3, Adobe RGB and the others as Pixloom writes them.
    source = Image.fromarray(rgb, "RGB")
    for space in SPACES:
        icc = HERE / f"target-{space}.icc"
        icc.write_bytes(embedded(space))
        opened = ImageCms.ImageCmsProfile(str(icc))
        there = ImageCms.buildTransform(srgb, opened, "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, exact)
        ImageCms.applyTransform(source, there).save(HERE / f"{icc.stem}-from-srgb.png", optimize=True)
        back = ImageCms.buildTransform(opened, srgb, "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, exact)
        ImageCms.applyTransform(source, back).save(HERE / f"{icc.stem}-to-srgb.png", optimize=True)
    # A photograph for the press, as Photoshop would save it: Adobe's inverted YCCK, and plain CMYK.
    y, x = np.mgrid[0:48, 0:64]
    photo = np.stack([x * 4, y * 5, 255 - x * 3 - y, (x + y) * 1.2], -1).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(photo, "CMYK")
    icc = made["press"][0]
    picture.save(HERE / "press.jpg", quality=100, subsampling=0, icc_profile=icc)
    picture.save(HERE / "press.tif", icc_profile=icc, compression="tiff_deflate")
    transform = ImageCms.buildTransform(ImageCms.ImageCmsProfile(str(HERE / "press.icc")), srgb, "CMYK", "RGB",
                                        ImageCms.Intent.RELATIVE_COLORIMETRIC, exact)
    ImageCms.applyTransform(Image.open(HERE / "press.jpg"), transform).save(HERE / "press-photo-srgb.png", optimize=True)


main()
