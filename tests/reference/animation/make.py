"""Makes the animations of this folder, and the canvases that Pillow composes of them.

    python3 make.py            # Pillow 13

Each NAME.gif/.webp/.png comes with NAME.canvases.png: its frames, one below the other, as RGBA, with 0 0 0 where they are
clear. The pictures are drawn here; nothing is anybody else's.
"""

import struct
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent


def lzw(indices, bits):
    """Codes that are never combined: a clear code before the table could grow a bit."""
    clear, end, out, acc, held = 1 << bits, (1 << bits) + 1, bytearray(), 0, 0
    codes = []
    for i, index in enumerate(indices):
        if i % ((1 << bits) - 2) == 0:
            codes.append(clear)
        codes.append(index)
    for code in codes + [end]:
        acc |= code << held
        held += bits + 1
        while held >= 8:
            out.append(acc & 255)
            acc >>= 8
            held -= 8
    if held:
        out.append(acc & 255)
    blocks = b"".join(bytes([len(part)]) + part for part in (bytes(out[i : i + 255]) for i in range(0, len(out), 255)))
    return bytes([bits]) + blocks + b"\0"


def table(colours):
    bits = max(1, (len(colours) - 1).bit_length())
    return bits - 1, bytes(sum(colours + [(0, 0, 0)] * ((1 << bits) - len(colours)), ()))


def gif(name, size, frames, colours=None, loop=None):
    """frames: (left, top, width, height, rows of indices, options)."""
    out = b"GIF89a" + struct.pack("<HH", *size)
    if colours:
        flag, data = table(colours)
        out += bytes([0x80 | flag, 0, 0]) + data
    else:
        out += bytes([0, 0, 0])
    if loop is not None:
        out += b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop) + b"\0"
    for left, top, width, height, indices, options in frames:
        clear = options.get("transparent")
        flags = options.get("disposal", 0) << 2 | (clear is not None)
        out += b"\x21\xf9\x04" + struct.pack("<BHB", flags, options.get("delay", 10), clear or 0) + b"\0"
        flags, data = 0, b""
        if "colours" in options:
            flag, data = table(options["colours"])
            flags |= 0x80 | flag
        order = list(range(height))
        if options.get("interlaced"):
            flags |= 0x40
            order = [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4), *range(1, height, 2)]
        out += b"\x2c" + struct.pack("<HHHHB", left, top, width, height, flags) + data
        out += lzw([indices(x, y) for y in order for x in range(width)], options.get("bits", 4))
    (HERE / name).write_bytes(out + b";")


def canvases(name):
    picture = Image.open(HERE / name)
    strip = Image.new("RGBA", (picture.width, picture.height * picture.n_frames))
    for frame in range(picture.n_frames):
        picture.seek(frame)
        canvas = picture.convert("RGBA")
        clear = Image.new("RGBA", canvas.size)
        mask = canvas.getchannel("A").point(lambda alpha: 255 if alpha == 0 else 0)
        canvas.paste(clear, (0, 0), mask)
        strip.paste(canvas, (0, frame * picture.height))
    strip.save(HERE / (name.rsplit(".", 1)[0] + ".canvases.png"), optimize=True)


def ring(width, height, colour, clear=0):
    """An ellipse's edge and its middle; around and between them it is clear."""

    def index(x, y):
        r = ((x + 0.5) / width * 2 - 1) ** 2 + ((y + 0.5) / height * 2 - 1) ** 2
        return colour if 0.4 < r < 1 else colour + 1 if r < 0.15 else clear

    return index


BASIC = [(1, 2, 3), (200, 30, 40), (250, 200, 60), (20, 160, 70), (30, 60, 190), (240, 240, 240), (90, 90, 90), (0, 0, 0)]

# Every disposal after every other one, frames with offsets, one of them interlaced, one with colours of its own.
steps = [1, 1, 2, 1, 3, 1, 2, 2, 3, 3, 2, 3, 1, 3, 2, 1]
frames = [(0, 0, 40, 28, lambda x, y: 0 if (x // 8 + y // 7) % 2 else 5, {"disposal": steps[0], "transparent": 0})]
for i, disposal in enumerate(steps[1:], 1):
    x, y = 3 + i * 7 % 17, 2 + i * 5 % 9
    options = {"disposal": disposal, "transparent": 0, "delay": i, "interlaced": i % 5 == 2}
    if i % 4 == 3:
        options["colours"] = [(9, 9, 9), *((i * 15, 255 - k * 30, 40 + k * 25) for k in range(7))]
    frames.append((x, y, 11 + i % 4 * 3, 9 + i % 3 * 4, ring(11 + i % 4 * 3, 9 + i % 3 * 4, 1 + i % 5), options))
gif("disposals.gif", (40, 28), frames, BASIC, loop=0)

# A first frame that is given back, smaller than the canvas; then it is cleared.
gif(
    "first-given-back.gif",
    (20, 16),
    [
        (4, 3, 12, 10, ring(12, 10, 1), {"disposal": 3, "transparent": 0, "delay": 1}),
        (0, 0, 9, 9, ring(9, 9, 3), {"disposal": 2, "transparent": 0, "delay": 0}),
        (6, 5, 12, 10, ring(12, 10, 5), {"disposal": 0, "transparent": 0, "delay": 500}),
    ],
    BASIC,
    loop=3,
)


# 256 colours a frame, none of them clear, none shared: over a thousand together. It plays once.
def many(i):
    return [((k * 7 + i * 31) % 256, (k * 3 + i * 17) % 256, (255 - k + i) % 256) for k in range(256)]


frames = [(0, 0, 32, 24, lambda x, y: (y * 32 + x) % 256, {"disposal": 1, "colours": many(0), "bits": 8, "delay": 5})]
for i, (left, top, width, height) in enumerate([(4, 2, 20, 16), (0, 0, 32, 24), (10, 6, 18, 17), (1, 1, 30, 9)], 1):
    options = {"disposal": [1, 1, 3, 1][i - 1], "colours": many(i), "bits": 8, "delay": 7}
    frames.append((left, top, width, height, lambda x, y, w=width: (y * w + x) % 256, options))
gif("many-colours.gif", (32, 24), frames)


def drawn(i, mode="RGBA"):
    """A square that wanders over a ground, half of it clear."""
    canvas = Image.new("RGBA", (36, 26))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 13, 35, 25), fill=(40, 90, 160, 255))
    draw.ellipse((20, 2, 33, 15), outline=(250, 210, 0, 255), fill=(250, 120, 0, 255 if i % 2 else 0))
    draw.rectangle((i * 4, i * 2, i * 4 + 9, i * 2 + 8), fill=(200, 20 + i * 40, 60, 255))
    return canvas.convert(mode)


FRAMES = [drawn(i) for i in range(6)]
FRAMES.insert(3, drawn(2))  # one that equals the one before

FRAMES[0].save(
    HERE / "blends.webp",
    save_all=True,
    append_images=FRAMES[1:],
    duration=[40, 33, 100, 1, 0, 70, 1000],
    loop=3,
    lossless=True,
    allow_mixed=True,
    kmin=3,
    kmax=5,
)

# Frames cut to what changed, with every operation that APNG knows.
FRAMES[0].save(
    HERE / "operations.png",
    save_all=True,
    append_images=FRAMES[1:],
    duration=[40, 33, 100, 1, 70, 1000, 500],
    loop=2,
    disposal=[0, 1, 0, 2, 1, 2, 0],
    blend=[0, 1, 0, 1, 1, 0, 1],
)

# The default image stands apart, and there is no alpha.
RGB = [drawn(i, "RGB") for i in range(4)]
Image.new("RGB", (36, 26), (9, 8, 7)).save(
    HERE / "default-apart.png", save_all=True, default_image=True, append_images=RGB, duration=120, loop=0
)

for name in ["disposals.gif", "first-given-back.gif", "many-colours.gif", "blends.webp", "operations.png"]:
    canvases(name)

strip = Image.new("RGBA", (36, 26 * 4))
for i, frame in enumerate(RGB):
    strip.paste(frame, (0, 26 * i))
strip.save(HERE / "default-apart.canvases.png", optimize=True)

for path in sorted(HERE.glob("*.*")):
    if path.suffix in (".gif", ".webp", ".png") and "canvases" not in path.name:
        picture = Image.open(path)
        delays = []
        for frame in range(picture.n_frames):
            picture.seek(frame)
            delays.append(picture.info.get("duration"))
        print(path.name, path.stat().st_size, picture.size, picture.n_frames, picture.info.get("loop"), delays)
