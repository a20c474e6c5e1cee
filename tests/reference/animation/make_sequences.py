"""Makes the AVIF sequences and JPEG XL animations of this folder, and the canvases that other programs decode from them.

    python3 make_sequences.py    # Pillow 13 (libavif 1.4), avifenc 0.11, ffmpeg 5.1, cjxl and djxl 0.7

Each NAME.avif/.jxl comes with NAME.canvases.png: its frames, one below the other, as RGBA. They are decoded by Pillow
(AVIF) and djxl (JPEG XL), before an image is turned or cropped. The pictures are drawn here; nothing is anybody else's.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def slopes(width, height, i):
    image = Image.new("RGB", (width, height))
    image.putdata(
        [((x * 5 + i * 20) % 256 // 2 + 60, (y * 7 + i * 9) % 256 // 2 + 60, (x + y + i * 11) * 2 % 200 + 20)
         for y in range(height) for x in range(width)]
    )
    return image


def canvases(name, frames):
    width, height = frames[0].size
    strip = Image.new("RGBA", (width, height * len(frames)))
    for i, frame in enumerate(frames):
        strip.paste(frame, (0, height * i))
    strip.save(HERE / f"{name}.canvases.png", optimize=True)


def seen(path):
    image = Image.open(path)
    frames = []
    for i in range(image.n_frames):
        image.seek(i)
        frames.append(image.convert("RGBA"))
    return frames


def avif(name):
    canvases(name, seen(HERE / f"{name}.avif"))


def jxl(name, frames, options, **png):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        frames[0].save(folder / "in.png", save_all=True, append_images=frames[1:], **png)
        run("cjxl", folder / "in.png", HERE / f"{name}.jxl", *options)
    djxl(name)


def djxl(name):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run("djxl", HERE / f"{name}.jxl", folder / "out.apng")
        shutil.copy(folder / "out.apng", folder / "out.png")
        canvases(name, seen(folder / "out.png"))


def main():
    # Alpha in a track of its own, and a different time for each frame.
    frames = []
    for i in range(5):
        frame = slopes(32, 24, i)
        alpha = Image.new("L", (32, 24))
        alpha.putdata([(x * 8 + i * 40) % 256 for y in range(24) for x in range(32)])
        frame.putalpha(alpha)
        frames.append(frame)
    times = [40, 100, 33, 250, 500]
    more = dict(save_all=True, append_images=frames[1:], duration=times, quality=90, subsampling="4:4:4")
    frames[0].save(HERE / "sequence-alpha.avif", **more)
    avif("sequence-alpha")

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        names = []
        for i in range(4):
            names.append(folder / f"{i}.png")
            slopes(48, 32, i).save(names[-1])
        # Turned, mirrored and cropped by its properties; lossless.
        turned = ["--timescale", 25, "--duration", 2, "--irot", 1, "--imir", 0, "--clap", "40,1,24,1,2,1,0,1"]
        run("avifenc", "-l", *turned, *names, HERE / "sequence-turned.avif")
        avif("sequence-turned")
        # 10 bits in PQ; the canvases are not mapped to SDR.
        run("avifenc", "-s", 8, "-d", 10, "-y", 420, "--cicp", "9/16/9", *names, HERE / "sequence-pq.avif")
        # 4:2:0, plays three times.
        coded = ["-c:v", "libaom-av1", "-pix_fmt", "yuv420p", "-crf", 20, "-loop", 3]
        run("ffmpeg", "-y", "-framerate", 25, "-i", folder / "%d.png", *coded, HERE / "sequence-ffmpeg.avif")
        avif("sequence-ffmpeg")

    # Metadata of the still image and of the track.
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">SECRET</x:xmpmeta>'
    flat = [Image.new("RGB", (32, 24), (i * 40, 20, 90)) for i in range(4)]
    more = dict(save_all=True, append_images=flat[1:], duration=50, exif=exif.tobytes(), xmp=xmp)
    flat[0].save(HERE / "sequence-metadata.avif", **more)

    # Frames that draw a part of the canvas over the one before.
    base = slopes(48, 36, 0).quantize(60).convert("RGBA")
    parts = []
    for i in range(6):
        parts.append(base.copy())
        ImageDraw.Draw(parts[-1]).rectangle((5 + i * 6, 4 + i * 3, 12 + i * 6, 12 + i * 3), fill=(250, 40 + i * 20, 40))
    times = [70, 33, 41, 100, 10, 20]
    jxl("parts", parts, ["-d", 0], duration=times, loop=0)
    # cjxl 0.7 draws every frame over an empty slot. In the same file with the slot of the frame before (two bits of each
    # header), the canvas is kept.
    chain = bytearray((HERE / "parts.jxl").read_bytes())
    for start in (457, 540, 626, 709, 783):
        chain[start + 7] ^= 1 << 2 | 1 << 6
    (HERE / "chain.jxl").write_bytes(chain)
    djxl("chain")
    jxl("lossy", parts, ["-d", 1], duration=times, loop=0)
    # Frames that replace all of the canvas.
    whole = [slopes(24, 20, i * 3) for i in range(12)]
    jxl("whole", whole, ["-d", 0], duration=40, loop=0, blend=0)
    clear = []
    for i in range(4):
        clear.append(Image.new("RGBA", (40, 30)))
        draw = ImageDraw.Draw(clear[-1])
        draw.ellipse((2 + i * 7, 4, 14 + i * 7, 18), fill=(20, 200, 60 + i * 40, 255))
        draw.rectangle((0, 22, 39, 29), fill=(90, 90, 90, 128))
    jxl("clear", clear, ["-d", 0], duration=[50, 60, 70, 80], loop=0, disposal=1)


main()
