#!/usr/bin/env python3
"""Makes the JPEG 2000, DDS, OpenEXR, Radiance and PDF files beside it, and what other programs decode them to (NAME.png).

Needs NumPy, Pillow, imagecodecs, OpenEXR, reportlab and pypdfium2. The images are those of make.py.
"""
import io
import os
import struct
import sys

import imagecodecs
import numpy as np
from PIL import Image

W, H = 53, 37
here = os.path.dirname(os.path.abspath(__file__))
os.chdir(here)


def stored(name):
    return Image.open(name + ".png")


def box(kind, body):
    return struct.pack(">I4s", len(body) + 8, kind) + body


def described(jp2, boxes, profile):
    """The file with an ICC profile, and boxes before its codestream."""
    out, at = b"", 0
    while at < len(jp2):
        size, kind = struct.unpack(">I4s", jp2[at:at + 8])
        body = jp2[at + 8:at + size] if size else jp2[at + 8:]
        if kind == b"jp2h":
            inner, where = b"", 0
            while where < len(body):
                length, child = struct.unpack(">I4s", body[where:where + 8])
                content = body[where + 8:where + length]
                inner += box(child, b"\2\0\0" + profile) if child == b"colr" else box(child, content)
                where += length
            # 11811 px per metre are 300 dpi.
            inner += box(b"res ", box(b"resc", struct.pack(">HHHHBB", 11811, 1, 11811, 1, 0, 0)))
            out += box(kind, inner)
        elif kind == b"jp2c":
            out += boxes + box(kind, body)
        else:
            out += box(kind, body)
        at += size or len(jp2)
    return out


def jpeg_2000():
    def save(name, image, **options):
        image.save(name, "JPEG2000", **options)

    save("jp2_lossless.jp2", stored("rgb"))
    save("jp2_gray.jp2", stored("gray"))
    save("jp2_alpha.jp2", stored("rgba"))
    save("jp2_gray_alpha.jp2", stored("gray_alpha"))
    save("jp2_tiles.j2k", stored("rgb"), tile_size=(16, 16), no_jp2=True)
    save("jp2_lossy.jp2", stored("rgb"), irreversible=True, quality_mode="dB", quality_layers=[30, 42])
    Image.open("jp2_lossy.jp2").save("jp2_lossy.png")
    deep = (np.asarray(stored("rgb")).astype(np.uint32) * 257 + 7).clip(0, 65535).astype(np.uint16)
    open("jp2_16bit.jp2", "wb").write(imagecodecs.jpeg2k_encode(deep, level=0, reversible=True, codecformat="jp2"))
    open("jp2_16bit.png", "wb").write(imagecodecs.png_encode(deep))
    exif = Image.Exif()
    exif[0x010F] = "Pixmaker"
    exif[0x0132] = "2024:05:06 07:08:09"
    exif = exif.tobytes().removeprefix(b"Exif\0\0")
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    uuid = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
    boxes = box(b"uuid", b"JpgTiffExif->JP2" + exif) + box(b"uuid", uuid + xmp)
    profile = open("../colour/target-display-p3.icc", "rb").read()
    open("jp2_meta.jp2", "wb").write(described(open("jp2_lossless.jp2", "rb").read(), boxes, profile))


def dds():
    for name, image, kind in [("dds_bc1", "rgb", "DXT1"), ("dds_bc2", "rgba", "DXT3"), ("dds_bc3", "rgba", "DXT5")]:
        picture = stored(image)
        picture.save(name + ".dds", pixel_format=kind)
        decoded = Image.open(name + ".dds")
        decoded.convert(picture.mode).save(name + ".png")


def linear(name):
    values = np.asarray(stored(name)).astype(np.float64) / 255
    colours = values[..., :3]
    light = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.dstack([light, values[..., 3:]])


def encoded(light):
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def exr():
    import OpenEXR
    def save(name, light, kind, compression):
        names = "RGBA"[:light.shape[2]]
        channels = {key: np.ascontiguousarray(light[..., n]).astype(kind) for n, key in enumerate(names)}
        header = {"compression": compression, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, channels).write(name)

    save("exr_half.exr", linear("rgb"), np.float16, OpenEXR.ZIP_COMPRESSION)
    premultiplied = linear("rgba")
    premultiplied[..., :3] *= premultiplied[..., 3:]
    save("exr_alpha.exr", premultiplied, np.float32, OpenEXR.ZIP_COMPRESSION)
    save("exr_bright.exr", linear("rgb") * 8, np.float16, OpenEXR.RLE_COMPRESSION)


def radiance():
    light = linear("rgb")
    most = light.max(axis=2)
    mantissa, exponent = np.frexp(most)
    scale = np.where(most > 1e-32, mantissa * 256 / np.maximum(most, 1e-32), 0)
    rgbe = np.dstack([np.floor(light * scale[..., None]), np.where(most > 1e-32, exponent + 128, 0)]).astype(np.uint8)
    head = b"#?RADIANCE\n# ours\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % (H, W)
    open("hdr_flat.hdr", "wb").write(head + rgbe.tobytes())
    rows = b""
    for row in rgbe:
        rows += bytes([2, 2, 0, W])
        for channel in range(4):
            values, at = row[:, channel].tobytes(), 0
            while at < W:
                run = 1
                while at + run < W and run < 127 and values[at + run] == values[at]:
                    run += 1
                rows += bytes([128 + run, values[at]]) if run > 2 else bytes([1, values[at]])
                at += run if run > 2 else 1
    open("hdr_runs.hdr", "wb").write(head + rows)
    kept = rgbe[..., :3] * np.exp2(rgbe[..., 3:].astype(np.float64) - 136)
    deep = np.rint(encoded(kept) * 65535).astype(np.uint16)
    open("hdr_expected.png", "wb").write(imagecodecs.png_encode(deep))


def pdf():
    import pypdfium2
    from reportlab.pdfgen import canvas
    from reportlab.lib.utils import ImageReader
    page = canvas.Canvas("pdf_pages.pdf", pagesize=(144, 72), invariant=1)
    page.setFillColorRGB(0.8, 0.1, 0.2)
    page.rect(12, 12, 48, 48, stroke=0, fill=1)
    page.setFillColorRGB(0, 0, 0)
    page.setFont("Helvetica", 18)
    page.drawString(66, 30, "Pixloom")
    page.showPage()
    page.setPageSize((72, 144))
    page.setFillColorRGB(0.1, 0.3, 0.9)
    page.circle(36, 72, 24, stroke=0, fill=1)
    page.drawImage(ImageReader(stored("rgb")), 4, 4, 53, 37)
    page.showPage()
    page.save()
    document = pypdfium2.PdfDocument("pdf_pages.pdf")
    for n in range(2):
        document[n].render(scale=150 / 72).to_pil().convert("RGB").save(f"pdf_page_{n + 1}.png")
    # The same, for a reader with a password only.
    from reportlab.lib.pdfencrypt import StandardEncryption
    page = canvas.Canvas("pdf_locked.pdf", pagesize=(72, 72), invariant=1, encrypt=StandardEncryption("secret"))
    page.rect(12, 12, 48, 48)
    page.showPage()
    page.save()


for make in [globals()[name] for name in sys.argv[1:] or ["jpeg_2000", "dds", "exr", "radiance", "pdf"]]:
    make()
