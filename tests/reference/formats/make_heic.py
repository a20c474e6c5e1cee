#!/usr/bin/env python3
"""Makes the HEIC files beside it, and what libheif decodes them to (NAME.png).

Needs NumPy, OpenCV and pillow-heif, whose libheif is also called directly: only then can chroma be upsampled bilinearly.
Grids, cropped images, sequences and unusual orders of properties are put together here, from items that x265 coded.
"""
import ctypes as C
import glob
import io
import os
import struct

import cv2
import numpy as np
import pillow_heif
from PIL import Image

W, H = 53, 37
here = os.path.dirname(os.path.abspath(__file__))
os.chdir(here)
pillow_heif.register_heif_opener()
pillow_heif.options.SAVE_HDR_TO_12_BIT = False
P3 = open("../colour/target-display-p3.icc", "rb").read()


def slopes(channels=3, width=W, height=H):
    """From 0 to 1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    r = x / (width - 1)
    g = y / (height - 1)
    b = 0.5 + 0.5 * np.sin((x + 2 * y) / 9.0)
    disc = np.hypot(x - 34, y - 16) < 9
    r = np.where(disc, 0.9, r)
    b = np.where(disc, 0.15, b)
    alpha = np.clip(np.hypot(x - 20, y - 18) / 26.0, 0, 1)
    return np.dstack({1: [0.3 * r + 0.6 * g + 0.1 * b], 3: [r, g, b], 4: [r, g, b, alpha]}[channels])


def bytes_of(image, **options):
    """An image of 8 bits as HEIC."""
    out = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = Image.fromarray(np.rint(image * 255).astype(np.uint8).squeeze())
    image.save(out, "HEIF", **{"quality": 90, **options})
    return out.getvalue()


def deep(image, **options):
    """An image of 10 bits as HEIC."""
    values = np.rint(image * 65535).astype(np.uint16)
    out = io.BytesIO()
    size = (image.shape[1], image.shape[0])
    pillow_heif.encode({1: "L;16", 3: "RGB;16"}[image.shape[2]], size, values.tobytes(), out,
                       **{"quality": 90, **options})
    return out.getvalue()


# --- Boxes ---

def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind, *parts, version=0, flags=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def boxes(data):
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        yield kind, data[8:size], data[:size]
        data = data[size:]


def find(data, *path):
    for kind, body, whole in boxes(data):
        if kind == path[0]:
            if len(path) == 1:
                return whole
            return find(body[4:] if kind == b"meta" else body, *path[1:])
    return None


class Coded:
    """The first item of a file."""

    def __init__(self, file):
        self.config = find(file, b"meta", b"iprp", b"ipco", b"hvcC")
        self.size = find(file, b"meta", b"iprp", b"ipco", b"ispe")
        self.data = find(file, b"mdat")[8:]


def size(width, height):
    return full(b"ispe", struct.pack(">II", width, height))


def colours(primaries, transfer, matrix, is_full):
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, is_full << 7))


def auxiliary(purpose):
    return full(b"auxC", purpose + b"\0")


def aperture(width, height, right, down):
    """Offsets in halves of a pixel."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right, 2, down, 2))


def heif(items, references=(), brand=b"heic", compatible=b"mif1heic"):
    """A file of items: type, bytes, properties, and flags; the first is the primary one. References are lists of a type
    and numbers, counted from 1."""
    pool, links, infos, data = [], [], [], []
    for number, (kind, content, properties, *hidden) in enumerate(items, 1):
        link = struct.pack(">HB", number, len(properties))
        for one in properties:
            if one not in pool:
                pool.append(one)
            essential = one[4:8] not in (b"ispe", b"colr", b"auxC")
            link += bytes([pool.index(one) + 1 | essential << 7])
        links.append(link)
        infos.append(full(b"infe", struct.pack(">HH4sB", number, 0, kind, 0), version=2, flags=int(bool(hidden))))
        data.append(content)
    ftyp = box(b"ftyp", brand, bytes(4), compatible)
    handler = full(b"hdlr", bytes(4), b"pict", bytes(13))
    refs = b"".join(box(kind, struct.pack(f">HH{len(to)}H", from_, len(to), *to)) for kind, from_, *to in references)

    def meta(start):
        at = start
        places = struct.pack(">HH", 0x4400, len(items))
        for number, content in enumerate(data, 1):
            places += struct.pack(">HHHII", number, 0, 1, at, len(content))
            at += len(content)
        return full(
            b"meta", handler, full(b"pitm", struct.pack(">H", 1)),
            full(b"iinf", struct.pack(">H", len(infos)), *infos),
            full(b"iref", refs) if refs else b"",
            box(b"iprp", box(b"ipco", *pool), full(b"ipma", struct.pack(">I", len(links)), *links)),
            full(b"iloc", places))

    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + box(b"mdat", *data)


def sequence(coded, width, height, frames):
    """A sequence without any other image. All frames are the same bytes."""
    ftyp = box(b"ftyp", b"hevc", bytes(4), b"msf1hevciso8")
    entry = box(b"hvc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", width, height),
                struct.pack(">IIIH", 72 << 16, 72 << 16, 0, 1), bytes(32), struct.pack(">Hh", 24, -1), coded.config)
    matrix = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)

    def movie(at):
        tables = box(
            b"stbl", full(b"stsd", struct.pack(">I", 1), entry),
            full(b"stts", struct.pack(">III", 1, frames, 40)),
            full(b"stsc", struct.pack(">IIII", 1, 1, frames, 1)),
            full(b"stsz", struct.pack(">II", 0, frames), struct.pack(">I", len(coded.data)) * frames),
            full(b"stco", struct.pack(">II", 1, at)))
        media = box(
            b"mdia", full(b"mdhd", struct.pack(">IIIII", 0, 0, 1000, 40 * frames, 0x55C40000)),
            full(b"hdlr", bytes(4), b"pict", bytes(13)), box(b"minf", tables))
        track = box(
            b"trak", full(b"tkhd", struct.pack(">IIIII", 0, 0, 1, 0, 40 * frames), bytes(16), matrix,
                          struct.pack(">II", width << 16, height << 16), flags=7), media)
        header = full(b"mvhd", struct.pack(">IIII", 0, 0, 1000, 40 * frames), bytes(80))
        return box(b"moov", header, track)

    return ftyp + movie(len(ftyp) + len(movie(0)) + 8) + box(b"mdat", coded.data * frames)


# --- libheif ---

class Error(C.Structure):
    _fields_ = [("code", C.c_int), ("sub", C.c_int), ("message", C.c_char_p)]


class Chroma(C.Structure):
    _fields_ = [("version", C.c_uint8), ("down", C.c_int), ("up", C.c_int), ("only", C.c_uint8)]


class Options(C.Structure):
    _fields_ = [("version", C.c_uint8), ("as_stored", C.c_uint8), ("progress", C.c_void_p * 4), ("to_8", C.c_uint8),
                ("strict", C.c_uint8), ("decoder", C.c_char_p), ("chroma", Chroma), ("cancel", C.c_void_p),
                ("more", C.c_void_p), ("edits", C.c_int), ("colours", C.c_void_p), ("threads", C.c_int * 2),
                ("correct", C.c_uint8), ("keep_colours", C.c_uint8)]


# EXIF's orientations as quarter turns counter-clockwise, and the axis that is mirrored then.
TURNS = {1: (0, None), 2: (0, 1), 3: (2, None), 4: (0, 0), 5: (1, 0), 6: (3, None), 7: (1, 1), 8: (1, None)}
BILINEAR, RGB, INTERLEAVED = 2, 1, 10


def check_turns():
    """libheif turns by the properties as others do by EXIF."""
    upright = cv2.imread("heic_turn_1.png")
    flipped = upright[:, ::-1]
    expected = {2: flipped, 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.swapaxes(0, 1),
                6: np.rot90(upright, -1), 7: np.rot90(upright, 2).swapaxes(0, 1), 8: np.rot90(upright),
                "mirror_first": np.rot90(flipped)}
    for value, image in expected.items():
        name = f"heic_turn_{value}"
        reference(name, 3)
        assert np.array_equal(cv2.imread(f"{name}.png"), image), name
        os.remove(f"{name}.png")
    os.remove("heic_turn_1.png")
    assert np.array_equal(expected["mirror_first"], expected[5])


def reference(name, channels):
    """Writes what libheif decodes."""
    folder = os.path.join(os.path.dirname(pillow_heif.__file__), "..", "pillow_heif.libs", "libheif*")
    lib = C.CDLL(glob.glob(folder)[0])
    lib.heif_decoding_options_alloc.restype = C.POINTER(Options)
    lib.heif_context_alloc.restype = lib.heif_image_get_plane_readonly.restype = C.c_void_p
    calls = (lib.heif_context_read_from_file, lib.heif_context_get_primary_image_handle, lib.heif_decode_image)
    for call in calls:
        call.restype = Error

    def check(error):
        assert error.code == 0, (name, error.message)

    context, handle, image = C.c_void_p(lib.heif_context_alloc()), C.c_void_p(), C.c_void_p()
    check(lib.heif_context_read_from_file(context, f"{name}.heic".encode(), None))
    check(lib.heif_context_get_primary_image_handle(context, C.byref(handle)))
    options = lib.heif_decoding_options_alloc()
    options.contents.keep_colours = 1
    options.contents.chroma.up, options.contents.chroma.only = BILINEAR, 1
    bits = lib.heif_image_handle_get_luma_bits_per_pixel(handle)
    stored = 4 if channels == 4 else 3
    check(lib.heif_decode_image(handle, C.byref(image), RGB, stored + 7 + (4 if bits > 8 else 0), options))
    width, height = lib.heif_image_get_primary_width(image), lib.heif_image_get_primary_height(image)
    stride = C.c_int()
    plane = lib.heif_image_get_plane_readonly(image, INTERLEAVED, C.byref(stride))
    rows = np.ctypeslib.as_array(C.cast(plane, C.POINTER(C.c_uint8)), (height, stride.value))
    if bits > 8:
        pixels = rows.view("<u2")[:, :width * stored] / ((1 << bits) - 1) * 65535
    else:
        pixels = rows[:, :width * stored]
    pixels = pixels.reshape(height, width, stored)
    if "premultiplied" in name:
        pixels = pixels.astype(float)
        alpha = pixels[:, :, 3:]
        pixels = np.dstack([np.clip(pixels[:, :, :3] * 255 / np.maximum(alpha, 1), 0, 255), alpha])
    pixels = np.rint(pixels).astype(np.uint16 if bits > 8 else np.uint8)
    pixels = pixels[:, :, :1] if channels == 1 else pixels[:, :, [2, 1, 0, 3][:channels]]
    cv2.imwrite(f"{name}.png", pixels)


def main():
    rgb = slopes(3)
    files = {
        "heic_420": bytes_of(rgb),
        "heic_limited_709": bytes_of(rgb, matrix_coefficients=1, full_range_flag=0),
        "heic_gray": bytes_of(slopes(1)),
        "heic_alpha": bytes_of(slopes(4)),
        "heic_10bit_2020": deep(rgb, matrix_coefficients=9),
        "heic_10bit_gray": deep(slopes(1)),
    }
    # Colours that only the stream declares; it is not the default.
    square = Coded(bytes_of(slopes(3, 64, 64), matrix_coefficients=1, color_primaries=1))
    files["heic_stream_colours"] = heif([(b"hvc1", square.data, [square.config, square.size])])
    # The same in a file that declares less than it could, and cropped.
    crop = aperture(41, 30, -13, 8)
    files["heic_crop"] = heif([(b"hvc1", square.data, [square.config, square.size, crop])], compatible=b"mif1")
    # Colours multiplied by alpha.
    four = slopes(4, 64, 64)
    colour = Coded(bytes_of(four[:, :, :3] * four[:, :, 3:]))
    alpha = Coded(bytes_of(four[:, :, 3:]))
    files["heic_premultiplied"] = heif(
        [(b"hvc1", colour.data, [colour.config, colour.size, colours(1, 13, 6, 1)]),
         (b"hvc1", alpha.data, [alpha.config, alpha.size, auxiliary(b"urn:mpeg:hevc:2015:auxid:1")], True)],
        [(b"auxl", 2, 1), (b"prem", 1, 2)])
    # A grid of 2 x 2 tiles, which extend beyond the image; alpha as a grid, too.
    big = slopes(4, 128, 128)
    parts = [big[y:y + 64, x:x + 64] for y in (0, 64) for x in (0, 64)]
    tiles = [Coded(bytes_of(part[:, :, :3])) for part in parts]
    alphas = [Coded(bytes_of(part[:, :, 3:])) for part in parts]
    grid = struct.pack(">BBBBHH", 0, 0, 1, 1, 121, 99)
    srgb = colours(1, 13, 6, 1)
    files["heic_grid"] = heif(
        [(b"grid", grid, [size(121, 99), srgb])] +
        [(b"hvc1", tile.data, [tile.config, tile.size, srgb], True) for tile in tiles],
        [(b"dimg", 1, 2, 3, 4, 5)])
    files["heic_grid_alpha"] = heif(
        [(b"grid", grid, [size(121, 99), srgb])] +
        [(b"hvc1", tile.data, [tile.config, tile.size, srgb], True) for tile in tiles] +
        [(b"grid", grid, [size(121, 99), auxiliary(b"urn:mpeg:hevc:2015:auxid:1")], True)] +
        [(b"hvc1", tile.data, [tile.config, tile.size], True) for tile in alphas],
        [(b"dimg", 1, 2, 3, 4, 5), (b"dimg", 6, 7, 8, 9, 10), (b"auxl", 6, 1)])
    sequence_frame = Coded(bytes_of(slopes(3, 64, 64)))
    channels = {name: 1 if "gray" in name else 4 if "alpha" in name or "premultiplied" in name else 3 for name in files}
    # Without reference: libheif wants more of a track; the frame is heic_still's.
    files["heic_sequence"] = sequence(sequence_frame, 64, 64, 3)
    files["heic_still"] = heif([(b"hvc1", sequence_frame.data, [sequence_frame.config, sequence_frame.size])])
    channels["heic_still"] = 3
    low = Coded(bytes_of(slopes(3, 64, 64), quality=40))
    # Images beside the primary one: a thumbnail, a depth map and a gain map, and one that is not used.
    small = Coded(bytes_of(slopes(1, 64, 64)))
    maps = [(b"hvc1", small.data, [small.config, small.size, auxiliary(purpose)], True) for purpose in
            (b"urn:com:apple:photo:2018:aux:depth", b"urn:com:apple:photo:2020:aux:hdrgainmap")]
    files["heic_beside"] = heif(
        [(b"hvc1", sequence_frame.data, [sequence_frame.config, sequence_frame.size]),
         (b"hvc1", small.data, [small.config, small.size]), *maps, (b"hvc1", small.data, [small.config, small.size], True)],
        [(b"thmb", 2, 1), (b"auxl", 3, 1), (b"auxl", 4, 1)])
    channels["heic_beside"] = 3
    # Orientations with the same EXIF, and one that mirrors first.
    for value, (quarters, axis) in TURNS.items():
        exif = Image.Exif()
        exif[0x0112] = value
        exif[0x010F] = "Pixmaker"
        turns = [box(b"irot", bytes([quarters]))] if quarters else []
        turns += [box(b"imir", bytes([axis]))] if axis is not None else []
        files[f"heic_turn_{value}"] = heif(
            [(b"hvc1", low.data, [low.config, low.size, *turns]),
             (b"Exif", b"\0\0\0\6" + exif.tobytes(), [])], [(b"cdsc", 2, 1)])
    turns = [box(b"imir", b"\1"), box(b"irot", b"\1")]
    files["heic_turn_mirror_first"] = heif([(b"hvc1", low.data, [low.config, low.size, *turns])])
    upright = Image.fromarray(np.rint(rgb * 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x010F] = "Pixmaker"
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a/></x:xmpmeta>"
    exif[0x0132] = "2024:05:06 07:08:09"
    files["heic_meta"] = bytes_of(upright, quality=50, exif=exif, xmp=xmp, icc_profile=P3)
    # 203 nits (58 % of PQ) and what is left of it in Rec. 2020.
    files["heic_pq"] = deep(np.full((64, 64, 3), 0.5807), color_primaries=9, transfer_characteristics=16,
                            matrix_coefficients=9)
    for name, content in files.items():
        with open(f"{name}.heic", "wb") as out:
            out.write(content)
    for name, count in channels.items():
        reference(name, count)
    reference("heic_turn_1", 3)
    check_turns()


main()
