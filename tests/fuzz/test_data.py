"""Folders, zips, captions, arrays, pictures and sounds that anybody may have: read, or refused in one line."""

import csv
import io
import json
import struct
import wave
import zipfile

import numpy as np
import pytest
from PIL import Image

import gansmith as gs
from gansmith.data import read
from gansmith.data.kinds.images import Images
from gansmith.data.preflight import look_over
from gansmith.data.write import write_samples
from gansmith.testing.examples import made_up_pairs

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 12, 12, 4), np.uint8)
WORDS = ["a", "dog", "é", "猫", "\x1b[31m", "x\ny", "", " ", "=cmd()", "a" * 300, "\ud800", "\u202e", "0", "-1", "NaN"]
NAMES = [
    "{i}.png", "a/{i}.png", "b/{i}.jpg", "../{i}.png", "/tmp/{i}.png", "C:\\x\\{i}.png", "..\\{i}.png",
    "a/../../{i}.png", "{i}.PNG", "0.png", "0.gif", ".hidden/{i}.png", "__MACOSX/{i}.png", "a//{i}.png", "./{i}.png",
    "\x1b[31m/{i}.png", "x\ny/{i}.png", "{i}.png/", "{i}.png/{i}.png", "train/{i}.png", "test/{i}.png", "A/{i}.png",
    "B/{i}.png", "é/{i}.png", "trainA/{i}.png", "trainB/{i}.png", "con/{i}.png", "a" * 250 + "{i}.png", "{i}.txt",
    "{i}", "a/b/c/d/{i}.png", "dataset.json", "settings.json", "captions.json", "captions.csv", "x/settings.json",
]  # fmt: skip


def picture(rng, i: int = 0) -> bytes:
    """A small picture of some format."""
    file = io.BytesIO()
    form, channels = [("PNG", 3), ("PNG", 4), ("JPEG", 3), ("GIF", 3), ("BMP", 3), ("TIFF", 3)][rng.integers(6)]
    Image.fromarray(PIXELS[i % len(PIXELS), ..., :channels]).save(file, format=form)
    return file.getvalue()


def looked_at(path, **options):
    """What a person sees who checks the data, every line of it printable."""
    data = read(path, **options)
    text = str(look_over(data))
    assert not [c for c in text if ord(c) < 32 and c != "\n"]
    text.encode()
    return data


def anything(rng, depth: int = 0):
    """A JSON value."""
    kind = rng.integers(7 if depth < 3 else 4)
    if kind == 0:
        return WORDS[rng.integers(len(WORDS))]
    if kind == 1:
        return [None, True, 0, 1, -1, 1.5, 2**70, 1e300, float("nan"), float("inf")][rng.integers(10)]
    if kind in (2, 3):
        return f"{rng.integers(5)}.png"
    if kind == 4:
        return {str(anything(rng, 9)): anything(rng, depth + 1) for _ in range(rng.integers(4))}
    return [anything(rng, depth + 1) for _ in range(rng.integers(4))]


def text_of(rng, text: str) -> bytes:
    coding = ["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32"][rng.integers(5)]
    return text.encode(coding, "surrogatepass" if "utf" in coding else "replace")


# --- zips ------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def translator():
    return gs.Pix2Pix(width=4).fit(made_up_pairs((1, 8, 8)), steps=1, batch_size=8, device="cpu", precision="fp32")


def zip_of(rng, damaged) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA][rng.integers(3)]) as z:
        chosen = [NAMES[k] for k in rng.integers(0, len(NAMES), rng.integers(1, 4))] + ["{i}.png"]
        for i in range(int(rng.integers(1, 12))):
            name = chosen[rng.integers(len(chosen))].format(i=i)
            content = picture(rng, i)
            if name.endswith((".json", ".csv")):
                labels = {"labels": [[f"{k}.png", anything(rng)] for k in range(8)]}
                content = json.dumps([anything(rng), labels, {"gansmith": "0.2.0"}][rng.integers(3)]).encode()
            elif rng.random() < 0.1:
                content = [b"", b"x", damaged(rng, content), bytes(1000)][rng.integers(4)]
            entry = zipfile.ZipInfo(name, (1980 + int(rng.integers(0, 100)), 1, 1, 0, 0, 0))
            entry.external_attr = [0o644 << 16, 0o120777 << 16, 0o040755 << 16 | 16, 0][rng.integers(4)]
            z.writestr(entry, content)
    content = file.getvalue()
    if rng.random() < 0.3:
        content = damaged(rng, content)
    if rng.random() < 0.1:  # flags, methods and sizes of the directory at the end
        content = bytearray(content)
        at = max(0, content.find(b"PK\x01\x02"))
        for place in at + rng.integers(4, 46, 2):
            if place < len(content):
                content[place] ^= 1 << int(rng.integers(8))
        content = bytes(content)
    return content


@pytest.mark.inputs(1200)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zips(fuzz, damaged, translator):
    def look(rng, folder):
        (folder / "x.zip").write_bytes(zip_of(rng, damaged))
        if rng.random() < 0.5:
            looked_at(folder / "x.zip", **({"size": 8} if rng.random() < 0.3 else {}))
        else:
            pictures = translator.read_source(folder / "x.zip")
            out = write_samples(list(pictures.values()), f"{folder}/out/", translator.spec, list(pictures))
            assert len([p for p in out.rglob("*") if p.is_file()]) == len(pictures)

    fuzz(look)


# --- captions --------------------------------------------------------------------------------------------------------
def captions(rng) -> str:
    names = [f"{i}.png" for i in range(5)]
    says = lambda: anything(rng) if rng.random() < 0.2 else " ".join(rng.choice(WORDS[:4], 3))  # noqa: E731
    match rng.integers(6):
        case 0:
            held = anything(rng)
        case 1:
            held = {name: says() for name in names}
        case 2:
            held = [{"file": name, "caption": says()} for name in names]
        case 3:
            held = {name: [says() for _ in range(rng.integers(4))] for name in names}
        case 4:
            held = {
                "images": [
                    {"id": anything(rng) if rng.random() < 0.1 else i, "file_name": n} for i, n in enumerate(names)
                ],
                "annotations": [{"image_id": i % 6, "caption": says()} for i in range(7)],
            }
        case _:
            held = [[name, says()] for name in names]
    return json.dumps(held, ensure_ascii=bool(rng.integers(2)))


def caption_table(rng) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=",;\t"[rng.integers(3)], quoting=int(rng.integers(2)))
    if rng.random() < 0.8:
        writer.writerow([["file", "caption"], ["image", "text"], ["name", "words", "x"], ["file"]][rng.integers(4)])
    for i in range(6):
        row = [f"{i}.png", *(WORDS[k].replace("\ud800", "") for k in rng.integers(0, len(WORDS), rng.integers(0, 4)))]
        writer.writerow(row)
    return file.getvalue()


@pytest.mark.inputs(1000)
def test_captions(fuzz, damaged):
    def look(rng, folder):
        (folder / "pics").mkdir()
        for i in range(5):
            Image.fromarray(PIXELS[i, ..., :3]).save(folder / "pics" / f"{i}.png")
        table = rng.random() < 0.4
        content = text_of(rng, caption_table(rng) if table else captions(rng))
        if rng.random() < 0.3:
            content = damaged(rng, content)
        (folder / "pics" / f"captions.{'csv' if table else 'json'}").write_bytes(content)
        data = looked_at(folder / "pics")
        assert len(data) + len(data.left_out) <= 5 or "text" not in data.fields

    fuzz(look)


# --- arrays ----------------------------------------------------------------------------------------------------------
def array(rng) -> np.ndarray:
    shapes = [(20,), (20, 3), (20, 8, 8), (20, 8, 8, 3), (20, 1, 8, 8), (2,) * 5, (), (0, 3), (3, 0), (1, 4), (20, 64)]
    shape = shapes[rng.integers(len(shapes))]
    x = rng.normal(size=shape) * [1, 255, 1e-30, 1e30, 1e39, 1e300, 0][rng.integers(7)]
    kind = rng.integers(12)
    with np.errstate(all="ignore"):
        if kind < 4:
            x = x.astype(["f8", "f4", "f2", ">f4"][kind])
        elif kind < 8:
            x = np.nan_to_num(x, posinf=99, neginf=-99).clip(-1e9, 1e9).astype(["u1", "i2", ">i8", "?"][kind - 4])
        elif kind < 12:
            return [
                lambda: x.astype("c8"),
                lambda: x.astype("U5"),
                lambda: np.zeros(shape, [("a", "f4"), ("b", "U3")]),
                lambda: np.full(shape, np.datetime64("2020-01-01")),
            ][kind - 8]()
    if x.dtype.kind == "f" and x.size and rng.random() < 0.2:
        x.reshape(-1)[rng.integers(x.size)] = [np.nan, np.inf, -np.inf][rng.integers(3)]
    return np.asfortranarray(x) if rng.random() < 0.1 else x


def named(rng) -> dict:
    held = {["images", "x", "data", "arr_0", "what", "a/b", "train_jpeg", "samples"][rng.integers(8)]: array(rng)}
    if rng.random() < 0.4:
        held[["labels", "y", "label"][rng.integers(3)]] = [
            lambda: rng.integers(0, 4, 20), lambda: array(rng), lambda: rng.choice(["cat", "\x1b[31m", ""], 20),
            lambda: rng.integers(0, 3, 20).astype(float), lambda: np.r_[np.nan, np.zeros(19)],
            lambda: np.full(20, 2**63, "u8"),
        ][rng.integers(6)]()  # fmt: skip
    if rng.random() < 0.2:
        held["class_names"] = [np.array(["a", "b", "c", "d"]), np.array("a"), np.arange(4), array(rng)][rng.integers(4)]
    if rng.random() < 0.1:
        jpeg = [picture(rng, i) for i in range(4)]
        held["train_jpeg"] = np.frombuffer(b"".join(jpeg), np.uint8)
        held["train_offsets"] = np.cumsum([0, *map(len, jpeg)]) + int(rng.integers(-1, 2)) * int(rng.random() < 0.3)
        held["y_train"] = array(rng) if rng.random() < 0.3 else np.arange(4)
    return held


@pytest.mark.inputs(1800)
def test_arrays(fuzz, damaged):
    def look(rng, folder):
        one = rng.random() < 0.5
        path = folder / ("x.npy" if one else "x.npz")
        if one:
            np.save(path, array(rng))
        else:
            [np.savez, np.savez_compressed][rng.integers(2)](path, **named(rng))
        if rng.random() < 0.4:
            path.write_bytes(damaged(rng, path.read_bytes()))
        data = looked_at(path)
        if data.spec.kind != "audio":
            write_samples(data.raw(np.arange(len(data))), str(folder / "out.npz"), data.spec)

    fuzz(look)


@pytest.mark.inputs(300)
def test_arrays_whose_header_lies(fuzz):
    def look(rng, folder):
        descr = ["<f4", "|u1", "<f8", "|O", "<U9", "|V5", "x", "", [("a", "<f4")], "<M8[s]", "<c16"][rng.integers(11)]
        shape = [(4, 4), (10**9, 10**6), (2**62, 2), (-1, 4), (4, "a"), 4, (), (10**30,), (3, 0), (10**10,)][
            rng.integers(10)
        ]
        text = (
            repr({"descr": descr, "fortran_order": bool(rng.integers(2)), "shape": shape}).ljust(100).encode() + b"\n"
        )
        content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + rng.bytes(int(rng.integers(0, 300)))
        if rng.random() < 0.5:
            (folder / "x.npy").write_bytes(content)
            looked_at(folder / "x.npy")
        with zipfile.ZipFile(folder / "x.npz", "w") as archive:
            archive.writestr("images.npy", content)
        looked_at(folder / "x.npz")

    fuzz(look)


# --- pictures and sounds ---------------------------------------------------------------------------------------------
MODES = ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F", "LA"]
FORMATS = [
    "PNG",
    "JPEG",
    "GIF",
    "BMP",
    "TIFF",
    "WEBP",
    "PPM",
    "ICO",
    "TGA",
    "JPEG2000",
    "EPS",
    "PDF",
    "PCX",
    "SGI",
    "AVIF",
]


def odd_picture(rng) -> bytes:
    image = Image.fromarray(PIXELS[rng.integers(8), ..., :3])
    mode = MODES[rng.integers(len(MODES))]
    if mode in ("I", "F", "LA", "I;16"):
        image = image.convert("L").convert(mode)
    elif mode != "LAB":
        image = image.convert(mode)
    image = image.resize([(12, 12), (1, 1), (200, 2), (2, 200), (13, 7)][rng.integers(5)])
    file = io.BytesIO()
    form = FORMATS[rng.integers(len(FORMATS))]
    more = {}
    if rng.random() < 0.1 and form in ("GIF", "PNG", "TIFF", "WEBP"):
        more = {"save_all": True, "append_images": [image, image]}
    if rng.random() < 0.2 and form in ("JPEG", "PNG", "TIFF", "WEBP"):
        exif = Image.Exif()
        exif[0x0112] = [1, 3, 6, 8, 9, "x"][rng.integers(6)]
        more["exif"] = exif
    try:
        image.save(file, format=form, **more)
    except (OSError, ValueError, KeyError, TypeError, struct.error):  # not every format takes every mode
        return picture(rng)
    return file.getvalue()


@pytest.mark.inputs(1300)
def test_pictures(fuzz, damaged):
    def look(rng, folder):
        (folder / "pics").mkdir()
        for i in range(4):
            content = odd_picture(rng)
            if rng.random() < 0.6:
                content = damaged(rng, content)
            name = f"{i}{['.png', '.jpg', '.gif', '.tif', '.webp'][rng.integers(5)]}"
            (folder / "pics" / name).write_bytes(content)
        data = looked_at(folder / "pics", **({"size": 8} if rng.random() < 0.5 else {}))
        pictures = isinstance(data.spec, Images)  # long thin ones and animated ones may be clips
        assert len(data.left_out) < 4 and (len(data) + len(data.left_out) == 4 or not pictures)

    fuzz(look)


def sound(rng) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(int(rng.integers(1, 4)))
        out.setsampwidth(int(rng.integers(1, 5)))
        out.setframerate(int([8000, 16000, 44100, 1, 2**28][rng.integers(5)]))
        out.writeframes(rng.bytes(12 * int(rng.integers(0, 2000))))
    return file.getvalue()


@pytest.mark.inputs(600)
def test_sounds(fuzz, damaged):
    def look(rng, folder):
        (folder / "sounds").mkdir()
        for i in range(3):
            content = sound(rng)
            if rng.random() < 0.5:
                content = damaged(rng, content[:200]) + content[200:]
            (folder / "sounds" / f"{i}.wav").write_bytes(content)
        looked_at(folder / "sounds")

    fuzz(look)


def volume(rng) -> tuple[str, bytes]:
    """The ending and the content of a file of a small shape."""
    ending = [".binvox", ".npy", ".stl", ".obj", ".off"][rng.integers(5)]
    side, corners = int(rng.integers(2, 9)), rng.normal(size=(6, 3))
    if ending == ".binvox":
        runs = b"".join(bytes([int(rng.integers(2)), side]) for _ in range(side**2))
        return ending, b"#binvox 1\ndim %d %d %d\ntranslate 0 0 0\nscale 1\ndata\n" % ((side,) * 3) + runs
    if ending == ".npy":
        file = io.BytesIO()
        np.save(file, rng.integers(0, 2, (side,) * int(rng.integers(2, 5))))
        return ending, file.getvalue()
    if ending == ".stl":
        facets = b"".join(corners[rng.integers(0, 6, 4)].astype("<f4").tobytes() + b"\0\0" for _ in range(8))
        return ending, b"shape".ljust(80) + struct.pack("<I", 8) + facets
    points = [" ".join(f"{v:.3f}" for v in corner) for corner in corners]
    sides = rng.integers(0, 6, (8, 3))
    if ending == ".obj":
        lines = [f"v {point}" for point in points] + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in sides]
    else:
        lines = ["OFF", "6 8 0", *points, *(f"3 {a} {b} {c}" for a, b, c in sides)]
    return ending, "\n".join(lines).encode()


@pytest.mark.inputs(300)
def test_volumes(fuzz, damaged):
    pytest.importorskip("trimesh", reason="meshes are read by trimesh: pip install 'gansmith[volumes]'")

    def look(rng, folder):
        (folder / "shapes").mkdir()
        for i in range(4):
            ending, content = volume(rng)
            content = damaged(rng, content) if rng.random() < 0.5 else content
            (folder / "shapes" / f"{i}{ending}").write_bytes(content)
        looked_at(folder / "shapes")

    fuzz(look)
