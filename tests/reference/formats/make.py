#!/usr/bin/env python3
"""Makes the files beside it, and what other programs decode them to (NAME.png).

Needs Pillow, NumPy, libvips (pyvips), libavif's avifenc and avifdec, libjxl's cjxl and djxl, libtiff's tiffcp. The
pictures are our own: slopes, a disc, a few letters' worth of edges.
"""
import os
import shutil
import struct
import subprocess
import tempfile
import zlib

import numpy as np
from PIL import Image, ImageCms

W, H = 53, 37
here = os.path.dirname(os.path.abspath(__file__))
os.chdir(here)
tmp = tempfile.mkdtemp()


def slopes(channels=3, top=255.0):
    y, x = np.mgrid[0:H, 0:W].astype(np.float64)
    r = x / (W - 1)
    g = y / (H - 1)
    b = 0.5 + 0.5 * np.sin((x + 2 * y) / 9.0)
    disc = np.hypot(x - 34, y - 16) < 9
    r = np.where(disc, 0.9, r)
    b = np.where(disc, 0.15, b)
    alpha = np.clip(np.hypot(x - 20, y - 18) / 26.0, 0, 1)
    planes = {1: [0.3 * r + 0.6 * g + 0.1 * b], 2: [0.3 * r + 0.6 * g + 0.1 * b, alpha],
              3: [r, g, b], 4: [r, g, b, alpha]}[channels]
    return np.rint(np.dstack(planes) * top)


def run(*args):
    subprocess.run([str(arg) for arg in args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def png(name, channels, sixteen=False):
    path = os.path.join(tmp, name + ".png")
    values = slopes(channels, 65535.0 if sixteen else 255.0).astype(np.uint16 if sixteen else np.uint8)
    import pyvips
    image = pyvips.Image.new_from_array(values)
    kind = {1: "b-w", 2: "b-w", 3: "srgb", 4: "srgb"}[channels]
    if sixteen:
        kind = {"b-w": "grey16", "srgb": "rgb16"}[kind]
    image.copy(interpretation=kind).pngsave(path, keep="none")
    return path


def avif():
    rgb, rgba, gray = png("rgb", 3), png("rgba", 4), png("gray", 1)
    deep = png("deep", 3, True)
    jobs = {
        "avif_420": [rgb, "-y", "420", "--min", 10, "--max", 15],
        "avif_422_limited": [rgb, "-y", "422", "-r", "limited", "--min", 10, "--max", 15, "--cicp", "1/13/1"],
        "avif_444_709": [rgb, "-y", "444", "--min", 5, "--max", 10, "--cicp", "1/13/1"],
        "avif_lossless": [rgb, "--lossless"],
        "avif_gray": [gray, "-y", "400", "--min", 5, "--max", 10],
        "avif_alpha": [rgba, "-y", "444", "--min", 5, "--max", 10, "--minalpha", 0, "--maxalpha", 0],
        "avif_premultiplied": [rgba, "-y", "444", "--min", 0, "--max", 5, "--minalpha", 0, "--maxalpha", 0,
                               "--premultiply"],
        "avif_10bit_2020": [deep, "-d", 10, "-y", "420", "--min", 5, "--max", 10, "--cicp", "1/13/9"],
        "avif_12bit": [deep, "-d", 12, "-y", "444", "--min", 0, "--max", 5],
    }
    for name, (source, *options) in jobs.items():
        run("avifenc", "-s", 6, *options, source, name + ".avif")
    # A grid of 2 x 2 tiles, which have to be of 64 px at least.
    tiles = []
    big = Image.fromarray(slopes(3).astype(np.uint8)).resize((160, 132), Image.BICUBIC)
    for y in (0, 66):
        for x in (0, 80):
            tile = big.crop((x, y, x + 80, y + 66))
            path = os.path.join(tmp, f"tile{x}_{y}.png")
            tile.save(path)
            tiles.append(path)
    run("avifenc", "-s", 6, "--min", 10, "--max", 15, "-y", "420", "--grid", "2x2", *tiles, "avif_grid.avif")
    jobs["avif_grid"] = []
    for name in jobs:
        deep_depth = 16 if "bit" in name else 8
        run("avifdec", "-u", "bilinear", "-d", deep_depth, name + ".avif", name + ".png")
    # Orientations, as Pillow writes them from EXIF: irot and imir.
    upright = Image.fromarray(slopes(3).astype(np.uint8))
    for value in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        exif[0x010F] = "Pixmaker"
        upright.save(f"avif_turn_{value}.avif", quality=60, exif=exif, subsampling="4:2:0", speed=6)
    p3 = ImageCms.ImageCmsProfile("/usr/share/color/icc/colord/AppleRGB.icc").tobytes() \
        if os.path.exists("/usr/share/color/icc/colord/AppleRGB.icc") else None
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a/></x:xmpmeta>"
    upright.save("avif_meta.avif", quality=60, exif=exif, xmp=xmp, icc_profile=p3, speed=6)


def jxl():
    rgb, rgba, gray = png("rgb", 3), png("rgba", 4), png("gray", 1)
    deep, deep_gray_alpha = png("deep", 3, True), png("deepga", 2, True)
    jobs = {
        "jxl_lossless": [rgb, "-d", 0],
        "jxl_lossy": [rgb, "-d", 1],
        "jxl_gray": [gray, "-d", 0],
        "jxl_alpha": [rgba, "-d", 0.5],
        "jxl_16bit": [deep, "-d", 0],
        "jxl_16bit_gray_alpha": [deep_gray_alpha, "-d", 0],
        "jxl_progressive": [rgb, "-d", 1, "-p"],
    }
    for name, (source, *options) in jobs.items():
        run("cjxl", source, name + ".jxl", "-e", 7, *options)
        if source == deep_gray_alpha:
            shutil.copy(source, name + ".png")  # which djxl can't write
        else:
            run("djxl", name + ".jxl", name + ".png")
    # From a JPEG: a container with Exif (packed by Brotli), XMP and an orientation of its own.
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Pixmaker"
    jpeg = os.path.join(tmp, "turned.jpg")
    Image.fromarray(slopes(3).astype(np.uint8)).save(
        jpeg, quality=95, exif=exif, subsampling=0, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a/></x:xmpmeta>")
    run("cjxl", jpeg, "jxl_from_jpeg.jxl", "-j", 1)
    run("djxl", "jxl_from_jpeg.jxl", "jxl_from_jpeg.png")


def tiff():
    import pyvips
    rgb = slopes(3).astype(np.uint8)
    plain = pyvips.Image.new_from_array(rgb).copy(interpretation="srgb")
    plain.tiffsave("tiff_tiled_deflate.tif", tile=True, tile_width=16, tile_height=16, compression="deflate",
                   predictor="horizontal")
    plain.tiffsave("tiff_bigtiff_lzw.tif", bigtiff=True, compression="lzw", predictor="horizontal")
    plain.tiffsave("tiff_packbits.tif", compression="packbits")
    plain.tiffsave("tiff_jpeg.tif", compression="jpeg", Q=95)
    real = pyvips.Image.new_from_array((slopes(3) / 255.0).astype(np.float32))
    real.copy(interpretation="scrgb").tiffsave("tiff_float.tif", compression="deflate")
    run("tiffcp", "-p", "separate", "tiff_packbits.tif", "tiff_planar.tif")
    image = Image.fromarray(rgb)
    image.quantize(64, dither=Image.Dither.NONE).save("tiff_palette.tif", compression="tiff_lzw")
    image.quantize(64, dither=Image.Dither.NONE).convert("RGB").save("tiff_palette.png")
    image.convert("1").save("tiff_fax4.tif", compression="group4")
    image.convert("1").save("tiff_bilevel.tif", compression="packbits")
    image.convert("1").convert("L").save("tiff_bilevel.png")
    image.convert("1").save("tiff_fax3.tif", compression="group3")
    # By littleCMS.
    lab = plain.copy(interpretation="srgb").icc_import(input_profile="srgb", pcs="lab", intent="relative")
    lab.colourspace("labs").tiffsave("tiff_lab16.tif", compression="lzw")
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    ImageCms.applyTransform(image, to_lab).save("tiff_lab8.tif", compression="tiff_lzw")
    image.convert("CMYK").save("tiff_cmyk.tif", compression="tiff_lzw")
    Image.fromarray(slopes(2).astype(np.uint8), "LA").save("tiff_gray_alpha.tif")
    Image.fromarray(slopes(4).astype(np.uint8), "RGBA").save("tiff_rgba.tif", compression="tiff_adobe_deflate")
    pages = [image, image.convert("L").resize((20, 10)), Image.fromarray(slopes(4).astype(np.uint8), "RGBA")]
    pages[0].save("tiff_pages.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    image.save("rgb.png")
    image.convert("L").save("gray.png")
    Image.fromarray(slopes(4).astype(np.uint8), "RGBA").save("rgba.png")
    Image.fromarray(slopes(2).astype(np.uint8), "LA").save("gray_alpha.png")
    # Samples of 2 and 4 bits, gray; written by hand: no program here writes them.
    for bits in (2, 4):
        gray = (slopes(1)[:, :, 0] / 255.0 * ((1 << bits) - 1)).round().astype(np.uint8)
        per = 8 // bits
        packed = bytearray()
        for row in gray:
            row = list(row) + [0] * (-W % per)
            for at in range(0, len(row), per):
                byte = 0
                for value in row[at:at + per]:
                    byte = byte << bits | int(value)
                packed.append(byte)
        tags = [(256, 3, W), (257, 3, H), (258, 3, bits), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
                (278, 3, H), (279, 4, len(packed))]
        data = b"II*\0" + struct.pack("<I", 8 + len(packed)) + bytes(packed) + struct.pack("<H", len(tags))
        for tag, kind, value in tags:
            data += struct.pack("<HHII", tag, kind, 1, value)
        open(f"tiff_gray{bits}.tif", "wb").write(data + b"\0\0\0\0")
        Image.fromarray((gray.astype(np.float64) * 255 / ((1 << bits) - 1)).round().astype(np.uint8)).save(
            f"tiff_gray{bits}.png")


def small():
    rgb = Image.fromarray(slopes(3).astype(np.uint8))
    rgba = Image.fromarray(slopes(4).astype(np.uint8), "RGBA")
    palette = rgb.quantize(64, dither=Image.Dither.NONE)
    rgb.save("tga_rgb.tga")
    rgba.save("tga_rle_alpha.tga", compression="tga_rle")
    palette.save("tga_palette.tga")
    palette.convert("RGB").save("tga_palette.png")
    rgb.convert("L").save("tga_gray.tga", compression="tga_rle", orientation=1)
    square = rgba.resize((48, 48))
    square.save("ico_png.ico", sizes=[(16, 16), (48, 48), (32, 32)])
    square.save("ico_bmp.ico", sizes=[(16, 16), (48, 48)], bitmap_format="bmp")
    square.save("ico.png")


def raw_png(name, kind, depth, values, interlaced=False, extra=()):
    """A PNG of rows of samples, as they stand, in one pass or in Adam7's seven."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def packed(row):
        if depth == 16:
            return b"".join(struct.pack(">H", int(v)) for v in row.ravel())
        row = [int(v) for v in row.ravel()]
        per = 8 // depth
        row += [0] * (-len(row) % per)
        out = bytearray()
        for at in range(0, len(row), per):
            byte = 0
            for value in row[at:at + per]:
                byte = byte << depth | value
            out.append(byte)
        return bytes(out)

    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b""
    for x, y, dx, dy in passes:
        for row in values[y::dy, x::dx]:
            if row.size:
                data += b"\0" + packed(row)
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], depth, kind, 0, 0, int(interlaced))
    parts = [chunk(b"IHDR", head)] + [chunk(*part) for part in extra]
    parts += [chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def png_kinds():
    gray = slopes(1)[:, :, 0] / 255.0
    for bits in (1, 2, 4):
        levels = np.rint(gray * ((1 << bits) - 1))
        for interlaced in (False, True):
            raw_png(f"png_gray{bits}{'_interlaced' * interlaced}.png", 0, bits, levels, interlaced)
        Image.fromarray(np.rint(levels * 255 / ((1 << bits) - 1)).astype(np.uint8)).save(f"png_gray{bits}_expected.png")
    deep = slopes(4, 65535.0)
    raw_png("png_rgba16_interlaced.png", 6, 16, deep.reshape(H, W, 4), True)
    raw_png("png_rgba16.png", 6, 16, deep.reshape(H, W, 4))
    # A palette of 16; the first four colours are partly transparent.
    colours = np.array([[n * 17, 255 - n * 17, n * n % 256] for n in range(16)], np.uint8)
    alpha = np.array([0, 64, 128, 192] + [255] * 12, np.uint8)
    index = np.rint(gray * 15).astype(np.uint8)
    extra = [(b"PLTE", colours.tobytes()), (b"tRNS", alpha[:4].tobytes())]
    for interlaced in (False, True):
        raw_png(f"png_palette4{'_interlaced' * interlaced}.png", 3, 4, index, interlaced, extra)
    Image.fromarray(np.dstack([colours[index], alpha[index]]), "RGBA").save("png_palette4_expected.png")
    # One gray that is transparent.
    raw_png("png_gray4_clear.png", 0, 4, index, False, [(b"tRNS", struct.pack(">H", 5))])
    clear = np.where(index == 5, 0, 255).astype(np.uint8)
    Image.fromarray(np.dstack([index * 17, clear]), "LA").save("png_gray4_clear_expected.png")


avif()
jxl()
png_kinds()
tiff()
small()
