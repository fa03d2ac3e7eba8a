"""Write tests/golden/data/images.json: image files, and the pixels that Pillow reads from them.

Debian 12 packages: python3-numpy, python3-pil. From the top of the repository:

    python3 tests/golden/make_image_golden.py

"files"    PNG files by Pillow and by the few lines below (zlib alone: what Pillow does not write),
           JPEG files by Pillow, in hexadecimal digits; and their pixels [channels, H, W] by
           Pillow's convert("L") and convert("RGB"). Of 16 bits, which Pillow cuts or clips, the
           pixels are round(value * 255 / 65535).
"resized"  gray images and Pillow's resize(..., BILINEAR) of them
"refused"  files that are sound, but that Gradus does not take
"large"    one colour, (250, 251, 252), all over: as small as a file of so many pixels can be
"""

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import PIL
from PIL import Image

HERE = Path(__file__).resolve().parent / "data"
Json = Any

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2)]  # x, y, steps


def chunk(kind: bytes, data: bytes) -> bytes:
    return (struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)))


def rows(values: np.ndarray, bits: int) -> bytes:
    """[H, W * samples] packed, each row with the filter 0."""
    packed = b""
    for row in values:
        if bits == 16:
            line = row.astype(">u2").tobytes()
        else:
            digits = "".join(format(int(v), f"0{bits}b") for v in row)
            digits += "0" * (-len(digits) % 8)
            line = bytes(int(digits[i:i + 8], 2) for i in range(0, len(digits), 8))
        packed += b"\0" + line
    return packed


def png(values: np.ndarray, colours: int, bits: int, interlaced: bool = False,
        palette: bytes = b"") -> bytes:
    """[H, W, samples] as a PNG file."""
    height, width, samples = values.shape
    assert samples == SAMPLES[colours]
    if interlaced:
        data = b""
        for x, y, step_x, step_y in ADAM7:
            part = values[y::step_y, x::step_x]
            if part.size:
                data += rows(part.reshape(part.shape[0], -1), bits)
    else:
        data = rows(values.reshape(height, -1), bits)
    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, int(interlaced))
    middle = chunk(b"PLTE", palette) if palette else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + middle
            + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def planes(pixels: np.ndarray) -> Json:
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    pixels = np.moveaxis(pixels, 2, 0)
    return {"shape": list(pixels.shape), "values": pixels.flatten().tolist()}


def luma(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(rgb, "RGB").convert("L"))


def case(name: str, data: bytes) -> Json:
    image = Image.open(io.BytesIO(data))
    return {"name": name, "bytes": data.hex(),
            "gray": planes(np.asarray(image.convert("L"))),
            "colours": planes(np.asarray(image.convert("RGB")))}


def case_of_16_bits(name: str, values: np.ndarray, colours: int, interlaced: bool) -> Json:
    eight = np.round(values * 255 / 65535).astype(np.uint8)
    rgb = eight[:, :, :3] if eight.shape[2] >= 3 else eight[:, :, :1].repeat(3, axis=2)
    gray = eight[:, :, 0] if eight.shape[2] < 3 else luma(np.ascontiguousarray(rgb))
    return {"name": name, "bytes": png(values, colours, 16, interlaced).hex(),
            "gray": planes(gray), "colours": planes(rgb)}


def files() -> List[Json]:
    draw = np.random.default_rng(1)

    def pixels(*shape: int, bits: int = 8) -> np.ndarray:
        return draw.integers(0, 2 ** bits, shape).astype(np.uint8 if bits <= 8 else np.int64)

    gray = Image.fromarray(pixels(5, 7))
    colours = Image.fromarray(pixels(5, 7, 3))
    cases = [case("png_gray", saved(gray, "PNG")),
             case("png_rgb", saved(colours, "PNG")),
             case("png_rgba", saved(Image.fromarray(pixels(4, 3, 4)), "PNG")),
             case("png_gray_alpha", saved(Image.fromarray(pixels(4, 3, 2), "LA"), "PNG")),
             case("png_palette", saved(colours.quantize(13), "PNG")),
             case("png_palette_transparent", saved(colours.quantize(5), "PNG", transparency=2)),
             case("png_one_bit", saved(gray.convert("1"), "PNG")),
             case("png_one_pixel", saved(Image.fromarray(pixels(1, 1, 3)), "PNG"))]
    for bits in (1, 2, 4):
        palette = pixels(2 ** bits, 3).tobytes()
        for interlaced in (False, True):
            end = f"_{bits}_bits" + ("_interlaced" if interlaced else "")
            values = pixels(9, 11, 1, bits=bits)
            cases.append(case("png_gray" + end, png(values, GRAY, bits, interlaced)))
            cases.append(case("png_palette" + end, png(values, PALETTE, bits, interlaced, palette)))
    cases.append(case("png_rgb_interlaced", png(pixels(9, 10, 3), RGB, 8, True)))
    cases.append(case("png_rgba_interlaced", png(pixels(3, 2, 4), RGBA, 8, True)))
    for name, kind in (("gray", GRAY), ("rgb", RGB), ("gray_alpha", GRAY_ALPHA), ("rgba", RGBA)):
        values = pixels(4, 5, SAMPLES[kind], bits=16)
        cases.append(case_of_16_bits(f"png_{name}_16_bits", values, kind, name == "rgba"))
    ramp = np.add.outer(np.arange(13) * 9, np.arange(18) * 6)
    smooth = np.stack([ramp, 255 - ramp, ramp // 2 + 40], axis=2).astype(np.uint8)
    photo = Image.fromarray(smooth)
    cases += [case("jpeg_gray", saved(photo.convert("L"), "JPEG", quality=90)),
              case("jpeg_rgb", saved(photo, "JPEG", quality=90, subsampling=0)),
              case("jpeg_subsampled", saved(photo, "JPEG", quality=80, subsampling=2)),
              case("jpeg_progressive", saved(photo, "JPEG", quality=85, progressive=True))]
    return cases


def resized() -> List[Json]:
    draw = np.random.default_rng(2)
    cases = []
    sizes: List[Tuple[Tuple[int, int], Tuple[int, int]]] = [
        ((8, 9), (3, 4)), ((5, 6), (11, 13)), ((7, 5), (4, 12)), ((6, 6), (6, 3)),
        ((17, 23), (1, 1)), ((1, 1), (3, 2)), ((10, 4), (9, 4))]
    for old, new in sizes:
        pixels = draw.integers(0, 256, old).astype(np.uint8)
        pixels[0, :] = 255
        result = Image.fromarray(pixels).resize((new[1], new[0]), Image.BILINEAR)
        cases.append({"image": planes(pixels), "resized": planes(np.asarray(result))})
    return cases


def refused() -> List[Json]:
    cmyk = Image.new("CMYK", (4, 3), (10, 20, 30, 40))
    return [{"bytes": saved(cmyk, "JPEG").hex(), "message": "CMYK"},
            {"bytes": saved(Image.new("L", (3, 3)), "GIF").hex(), "message": "neither a PNG nor"}]


def large() -> List[Json]:
    palette = bytes([1, 2, 3, 250, 251, 252])
    return [{"side": 3000, "bytes": png(np.ones((3000, 3000, 1), np.uint8), PALETTE, 1,
                                        palette=palette).hex()}]


def main() -> None:
    parts: Dict[str, List[Json]] = {"files": files(), "resized": resized(), "refused": refused(),
                                    "large": large()}
    text = [f'"about": "made by make_image_golden.py with Pillow {PIL.__version__}"']
    for key, entries in parts.items():
        lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in entries)
        text.append(f'"{key}": [\n{lines}\n]')
    (HERE / "images.json").write_text("{\n" + ",\n".join(text) + "\n}\n", encoding="ascii")


main()
