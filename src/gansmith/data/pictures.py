"""One picture: what its header says, and its pixels as bytes of one size, whatever its mode and depth.

The policy. Animations give their first frame. EXIF orientation is applied. Transparency is laid over white unless 4
channels are asked for. 1-bit pictures become 0 and 255. Deeper whole numbers lose their lowest bits, as many for every
picture of a set: what the deepest one uses is kept. Floats in [0, 1] are multiplied by 255, those in 0 ... 255 kept,
others stretched from their least to their greatest value. CMYK, YCbCr, HSV and Lab become RGB; other colour profiles
are ignored. Size: the centre of the target's proportions is cut out and scaled to it by antialiased bicubic, Pillow's
to ±2 of 255, which torch computes up to nine times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional as F

from gansmith.errors import SettingError

_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


@dataclass(frozen=True)
class Facts:
    """What the header of a picture says; `width` and `height` as it is seen, after EXIF rotation.

    `bits` are those that its values use.
    """

    format: str
    mode: str
    width: int
    height: int
    turned: bool
    moving: bool
    alpha: bool
    grey: bool
    bits: int = 8


def look(image: Image.Image) -> Facts:
    """The facts of an opened picture; its pixels are decoded only where a 16-bit file may use fewer bits."""
    orientation = Image.Image.getexif(image).get(0x0112, 1)  # the PNG class's own would decode the pixels
    width, height = image.size[::-1] if orientation in (5, 6, 7, 8) else image.size
    return Facts(
        format=image.format or "PIL",
        mode=image.mode,
        width=width,
        height=height,
        turned=orientation in range(2, 9),
        moving=bool(getattr(image, "is_animated", False)),
        alpha=image.mode in _ALPHA or "transparency" in image.info,
        grey=image.mode in _GREY or (image.mode in ("P", "PA") and _grey_palette(image)),
        bits=max(8, int(np.asarray(image).max()).bit_length()) if image.mode in _DEEP else 8,
    )


def pixels(image: Image.Image, size: tuple[int, int], channels: int, bits: int = 16) -> np.ndarray:
    """The picture as uint8 (channels, height, width), by the policy above; `bits`: of the deepest in its set."""
    if image.format in ("JPEG", "MPO"):  # libjpeg decodes at 1/2, 1/4 or 1/8 for a fraction of the work
        image.draft(None, (2 * max(size),) * 2)
    if image.getexif().get(0x0112, 1) != 1:
        image = ImageOps.exif_transpose(image)
    image = _convert(image, channels, bits)
    if channels == 4 and image.size != size[::-1]:  # Pillow knows that clear pixels have no colour
        return np.asarray(
            image.resize(size[::-1], Image.Resampling.BICUBIC, box=_center(*image.size, *size))
        ).transpose(2, 0, 1)
    array = np.asarray(image)
    return resize(array[None, None] if array.ndim == 2 else array.transpose(2, 0, 1)[None], size)[0]


def as_size(size) -> tuple[int, int]:
    """`size` as (height, width): one number stands for a square."""
    try:
        height, width = (size, size) if np.ndim(size) == 0 else size
        if int(height) == height > 0 and int(width) == width > 0:
            return int(height), int(width)
    except (TypeError, ValueError):
        pass
    raise SettingError(f"size={size!r} is not a size: give pixels as a whole number, or (height, width)")


def resize(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pictures (n, C, h, w) uint8, the centre of each cut out and scaled to `size` (height, width)."""
    if x.shape[2:] == tuple(size):
        return x
    left, top, right, bottom = _center(*x.shape[:1:-1], *size)
    out = np.empty((*x.shape[:2], *size), np.uint8)
    for start in range(0, len(x), 1024):
        part = np.array(x[start : start + 1024, :, top:bottom, left:right])  # in its own order: torch is faster at RGB
        made = F.interpolate(torch.from_numpy(part), tuple(size), mode="bicubic", antialias=True)
        out[start : start + 1024] = made.numpy()
    return out


def _center(width: int, height: int, to_height: int, to_width: int) -> tuple[int, int, int, int]:
    """The largest box (left, top, right, bottom) of whole pixels in the middle that has the target's proportions."""
    scale = max(to_height / height, to_width / width)
    wide, high = max(1, round(to_width / scale)), max(1, round(to_height / scale))
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def _convert(image: Image.Image, channels: int, bits: int) -> Image.Image:
    if image.mode in _DEEP:
        image = Image.fromarray(_from_deep(np.asarray(image), bits))
    elif image.mode == "F":
        image = Image.fromarray(_from_floats(np.asarray(image)))
    elif image.mode == "LAB":
        image = _from_lab(image)
    if channels == 4:
        return image.convert("RGBA")
    if image.mode in _ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)  # a needless copy costs as much as a tenth of decoding


def _from_deep(x: np.ndarray, bits: int) -> np.ndarray:
    return np.clip(np.round(x * (255 / (2**bits - 1))), 0, 255).astype(np.uint8)


def _from_floats(x: np.ndarray) -> np.ndarray:
    if not np.isfinite(x).all():
        raise ValueError("holds values that are not numbers (NaN or infinity)")
    low, high = float(x.min()), float(x.max())
    if low >= 0 and high <= 1:
        x = x * 255
    elif low < 0 or high > 255:
        x = (x - low) * (255 / max(high - low, 1e-30))
    return np.round(x).astype(np.uint8)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")


def _grey_palette(image: Image.Image) -> bool:
    if image.palette is None:
        return False
    mode, data = image.palette.getdata()
    mode = mode.split(";")[0]
    colors = np.frombuffer(bytes(data), np.uint8)
    colors = colors[: len(colors) // len(mode) * len(mode)].reshape(-1, len(mode))
    return bool((colors[:, :3] == colors[:, :1]).all())


# --- many pictures in one array ---------------------------------------------------------------------------------------
def fit(pictures: np.ndarray, size, channels, notes: list) -> np.ndarray:
    """Pictures (n, C, H, W) uint8 with the asked `channels` and `size`: shorter side resized, centre cut out."""
    if channels not in (None, pictures.shape[1]):
        notes.append(f"channels: {pictures.shape[1]} turned into {channels}")
        pictures = with_channels(pictures, channels)
    if size is None or as_size(size) == pictures.shape[2:]:
        return pictures
    height, width = as_size(size)
    notes.append(f"resized from {pictures.shape[3]}x{pictures.shape[2]} to {width}x{height} (width x height)")
    return resize(pictures, (height, width))


def as_pictures(x: np.ndarray, notes: list) -> np.ndarray | None:
    """`x` as (n, C, H, W) uint8 if its values are those of pictures, else None."""
    if x.ndim == 3:
        x = x[:, None]
    elif min(x.shape[1], x.shape[3]) > 4:
        return None
    elif x.shape[3] < x.shape[1]:
        x = x.transpose(0, 3, 1, 2)
    return _bytes(x, notes)


def _bytes(x: np.ndarray, notes: list) -> np.ndarray | None:
    low, high = x.min().item(), x.max().item()
    if low < -1 or high > 65535:
        notes.append(f"values {low:g} ... {high:g} are not those of pictures: kept as float arrays")
        return None
    whole = x.dtype.kind != "f" or bool((x == np.round(x)).all())
    if whole and low >= 0:
        return _whole(x, high, notes)
    if high > 1:
        notes.append(f"values {low:g} ... {high:g} with fractions are not those of pictures: kept as float arrays")
        return None
    scaled = (x + 1) * 127.5 if low < 0 else x * 255.0
    rounded = np.round(scaled)
    exact = bool(np.abs(scaled - rounded).max() < 0.02)
    if not exact and x.shape[1] == 1:  # as likely a series or a field: 256 steps would spoil it
        notes.append("values lie between 256 grey levels: kept as float arrays (for pictures give uint8)")
        return None
    span = "[-1, 1]" if low < 0 else "[0, 1]"
    notes.append(f"values in {span} taken as pictures{', exact in 8 bits' if exact else ', rounded to 8 bits'}")
    return rounded.astype(np.uint8)


def _whole(x: np.ndarray, high, notes: list) -> np.ndarray | None:
    """Whole numbers 0 ... `high`."""
    if high <= 1:
        notes.append("values are 0 and 1 only: taken as black and white pictures, 0 and 255")
        return x.astype(np.uint8) * np.uint8(255)
    if x.dtype == np.uint8:
        return x
    bits = int(high).bit_length()
    if x.dtype.kind == "f" and bits != 8:
        notes.append(f"whole numbers up to {high:g} kept as float arrays (for pictures give uint8)")
        return None
    notes.append(f"{x.dtype} values up to {high:g} taken as {max(bits, 8)}-bit pictures")
    return x.astype(np.uint8) if bits <= 8 else np.round(x * (255 / (2**bits - 1))).astype(np.uint8)


def with_channels(x: np.ndarray, channels: int) -> np.ndarray:
    if x.shape[1] not in (1, 3, 4):
        raise SettingError(f"channels={channels} of pictures with {x.shape[1]}: these stay as they are; leave it out")
    if channels not in (1, 3, 4):
        raise SettingError(
            f"channels={channels} of pictures with {x.shape[1]}: 1 (grey), 3 (colour) and 4 (with alpha) can be had"
        )
    if x.shape[1] == 4 and channels < 4:  # over white
        alpha = x[:, 3:].astype(np.uint16)
        x = ((x[:, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    if channels == 1:
        if x.shape[1] == 3:  # ITU-R 601 luma, as Pillow rounds it
            luma = np.tensordot(x.astype(np.uint32), np.array([19595, 38470, 7471], np.uint32), (1, 0)) + 0x8000
            x = (luma >> 16).astype(np.uint8)[:, None]
        return x
    if x.shape[1] == 1:
        x = np.repeat(x, 3, axis=1)
    return np.concatenate([x, np.full_like(x[:, :1], 255)], axis=1) if channels == 4 else x


def radial_power(pictures) -> tuple[np.ndarray, np.ndarray]:
    """(frequency, power) of pictures (n, C, H, W): mean squared amplitude of the Fourier transform over pictures and
    channels, averaged over rings; frequencies in cycles a pixel, above 0 and up to ½ (Durall et al. 2020)."""
    x = np.asarray(pictures, np.float32)
    power = np.mean([np.abs(np.fft.fft2(one)) ** 2 for one in x], axis=(0, 1)) / (x.shape[2] * x.shape[3])
    radius = np.hypot(np.fft.fftfreq(x.shape[2])[:, None], np.fft.fftfreq(x.shape[3]))
    rings = min(x.shape[2:]) // 2
    ring = np.ceil(radius * 2 * rings - 1e-9).astype(int)  # ring 0 is the mean grey alone
    count = np.bincount(ring.ravel(), minlength=rings + 1)[1 : rings + 1]
    total = np.bincount(ring.ravel(), power.ravel(), rings + 1)[1 : rings + 1]
    return np.arange(1, rings + 1) / (2 * rings), total / count
