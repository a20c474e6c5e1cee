"""Makes the pictures beside this file from ../source.png (the project's own, under its licence; so are the results).

    pip install numpy pillow scipy "pyvips[binary]"; apt install imagemagick (6)
    python make.py

Tests compare our geometry, finish and looks with them: canvases, borders, cuts and trimming exactly with Pillow's paste
and crop; a turn by 17 degrees with libvips (its bicubic is Catmull-Rom's, as ours; Pillow's own is sharper, a = -1);
shadows with SciPy's Gaussian and Pillow's alpha_composite; looks with Pillow's Color3DLUT (trilinear; ours takes
tetrahedra, which is the same where a look treats each channel by itself) and ImageOps; posterize with ImageMagick.
"""

import pathlib
import subprocess

import numpy as np
import pyvips
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps
from scipy import ndimage

here = pathlib.Path(__file__).parent
path = here.parent / "source.png"
source = Image.open(path).convert("RGB")
pixels = np.asarray(source)
unit = pixels / 255.0
width, height = source.size


def save(name, picture):
    """A picture, or levels of 255, rounded where they are not whole."""
    if not isinstance(picture, Image.Image):
        levels = np.clip(np.asarray(picture, dtype=np.float64) + 0.5, 0, 255.999).astype(np.uint8)
        picture = Image.fromarray(levels)
    picture.save(here / f"{name}.png", optimize=True)


def on_canvas(size, place, colour):
    canvas = Image.new("RGB", size, colour)
    canvas.paste(source, place)
    return canvas


# Canvases and borders.
save("canvas_bottom_right", on_canvas((131, 80), (131 - width, 80 - height), "#204060"))
save("canvas_center", on_canvas((121, 87), ((121 - width) // 2, (87 - height) // 2), "#204060"))
# Wider than the picture, and less high: what sticks out at the bottom is cut off.
save("canvas_top", on_canvas((120, 40), ((120 - width) // 2, 0), "#c08040"))
save("canvas_bottom_left", on_canvas((60, 75), (0, 75 - height), "#c08040"))
save("border_4", ImageOps.expand(source, 4, "#ffeedd"))
save("border_sides", ImageOps.expand(source, (0, 1, 9, 13), "#806040"))
# Cuts.
save("crop_right", source.crop((width - 41, (height - 23) // 2, width, (height - 23) // 2 + 23)))
save("crop_bottom", source.crop(((width - 30) // 2, height - 20, (width - 30) // 2 + 30, height)))
save("crop_aspect_left", source.crop((0, 0, 36, 64)))
save("cover_40", ImageOps.fit(source, (40, 40), Image.Resampling.LANCZOS, centering=(0.5, 0.5)))
# Trimming: what a border of one colour leaves, within its tolerance.
framed = ImageOps.expand(source.crop((30, 20, 70, 50)), (7, 3, 12, 5), "#806040")
for x, y in [(1, 1), (50, 2), (3, 30)]:
    framed.putpixel((x, y), (0x80 + 3, 0x60 - 2, 0x40 + 3))
save("framed", framed)
off = ImageChops.difference(framed, Image.new("RGB", framed.size, framed.getpixel((0, 0))))
found = off.point(lambda level: 255 if level > 3 else 0).getbbox()
save("framed_trimmed", framed.crop(found))
# A turn: the same point of the picture in the middle of both canvases.
angle = np.radians(17)
cos, sin = np.cos(angle), np.sin(angle)
turned = pyvips.Image.new_from_array(unit).affine(
    [cos, -sin, sin, cos],
    interpolate=pyvips.Interpolate.new("bicubic"),
    # libvips gives points to corners of pixels, we to their centres.
    idx=-(width - 1) / 2, idy=-(height - 1) / 2, odx=(width - 1) / 2, ody=(height - 1) / 2,
    oarea=[0, 0, width, height],
)
save("vips_rotate_17", turned.numpy() * 255)
# Corners: the middle of 16 x 16 points in each pixel decides.
large = Image.new("L", (width * 16, height * 16), 0)
ImageDraw.Draw(large).rounded_rectangle((0, 0, width * 16 - 1, height * 16 - 1), radius=18 * 16, fill=255)
save("rounded_18", large.reduce(16))
# Blocks.
save("pixelate_8", source.reduce(8).resize(source.size, Image.Resampling.NEAREST))

# A badge: a soft disc, and what of it lies on the picture, at the top right with a margin of 6 px.
y, x = np.mgrid[0:16, 0:24]
disc = np.clip((7.5 - np.hypot((x - 11.5) / 1.5, y - 7.5)) * 90, 0, 255)
badge = Image.fromarray(np.stack([255 - x * 7, y * 15, x * 4 + y * 6, disc], 2).astype(np.uint8))
save("badge", badge)
laid = np.asarray(badge) / 255.0
alpha = laid[..., 3:] * 0.7
over = unit.copy()
over[6:22, width - 30:width - 6] = laid[..., :3] * alpha + over[6:22, width - 30:width - 6] * (1 - alpha)
save("badge_top_right", over * 255)

# Shadows of that badge: SciPy's Gaussian of its alpha, moved; the badge over it.
for name, (right, down), sigma, opacity in [("shadow_soft", (6, -3), 2.0, 0.75), ("shadow_far", (-20, 11), 1.5, 0.4)]:
    reach = int(np.ceil(3 * sigma))
    left, top = max(reach - right, 0), max(reach - down, 0)
    size = (24 + left + max(reach + right, 0), 16 + top + max(reach + down, 0))
    whole = np.zeros((size[1] + 200, size[0] + 200))
    whole[100 + top + down:116 + top + down, 100 + left + right:124 + left + right] = laid[..., 3]
    shade = ndimage.gaussian_filter(whole, sigma, truncate=4)[100:100 + size[1], 100:100 + size[0]] * opacity
    own = np.zeros((size[1], size[0], 4))
    own[top:top + 16, left:left + 24] = laid
    seen = own[..., 3] + shade * (1 - own[..., 3])
    colour = np.array([0x20, 0x40, 0x60]) / 255
    mixed = own[..., :3] * own[..., 3:] + colour * (shade * (1 - own[..., 3]))[..., None]
    straight = np.where(seen[..., None] > 0, mixed / np.maximum(seen[..., None], 1e-9), 0)
    save(name, np.concatenate([straight, seen[..., None]], 2) * 255)

# Looks. One treats each channel by itself, one mixes them.
GRID = 9


def look(name, function):
    axis = np.linspace(0, 1, GRID)
    b, g, r = np.meshgrid(axis, axis, axis, indexing="ij")
    table = np.clip(function(np.stack([r, g, b], -1)), 0, 1).round(5)
    lines = [" ".join(f"{value:g}" for value in entry) for entry in table.reshape(-1, 3)]
    (here / f"{name}.cube").write_text(f"LUT_3D_SIZE {GRID}\n" + "\n".join(lines) + "\n")
    save(name, source.filter(ImageFilter.Color3DLUT(GRID, table.reshape(-1).tolist())))


look("apart", lambda c: np.stack([c[..., 0] ** 0.7, 1 - c[..., 1], 0.2 + 0.6 * c[..., 2] ** 2], -1))
look("mixed", lambda c: c ** np.array([0.8, 1.1, 1.3]) * (0.75 + 0.25 * c[..., [1, 2, 0]]))
for level in (1, 100, 200):
    save(f"solarize_{level}", ImageOps.solarize(source, level))
save("invert", ImageOps.invert(source))
save("gray", ImageOps.grayscale(source))
dull = source.point([round(40 + v * 0.6) for v in range(256)] + [round(20 + v * 0.5) for v in range(256)]
                    + [round(70 + v * 0.4) for v in range(256)])
save("dull", dull)
save("autocontrast_channel", ImageOps.autocontrast(dull, cutoff=2))
save("autocontrast_luma", ImageOps.autocontrast(dull, cutoff=2, preserve_tone=True))
save("duotone", ImageOps.colorize(ImageOps.grayscale(source), "#102030", "#ffd080"))
for levels in (3, 6):
    target = here / f"posterize_{levels}.png"
    command = ["convert", path, "+dither", "-posterize", str(levels), "-strip", "-depth", "8", f"PNG24:{target}"]
    subprocess.run(command, check=True)
# Reliefs: bilinear neighbours, 1.5 px away from and towards a light at the top left; and plain ones.
for name, (right, down) in [("emboss_315", (-np.sqrt(0.5) * 1.5, -np.sqrt(0.5) * 1.5)), ("emboss_90", (1.0, 0.0))]:
    rows, columns = np.mgrid[0:height, 0:width]
    near, far = ([ndimage.map_coordinates(unit[..., c], [rows + sign * down, columns + sign * right], order=1,
                                          mode="nearest") for c in range(3)] for sign in (1, -1))
    save(name, 127.5 + 255 * (np.stack(far, 2) - np.stack(near, 2)))
