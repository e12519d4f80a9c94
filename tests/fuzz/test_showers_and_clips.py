"""HDF5 of showers and video files that anybody may have: read, or refused in one line."""

import io

import numpy as np
import pytest

from gansmith.data import read
from gansmith.data.preflight import look_over

ODD = [np.nan, np.inf, -1.0, 0.0, 1e39, 5.0]
NAMES = ["energy", "layer_0", "layer_1", "layer_2", "incident_energies", "showers", "images", "labels", "x", "a/b"]


def hdf5(rng) -> bytes:
    """Arrays of some names and shapes, a few of their numbers odd."""
    h5py = pytest.importorskip("h5py")
    file, n = io.BytesIO(), int(rng.integers(0, 9))
    with h5py.File(file, "w") as out:
        for name in rng.permutation(NAMES)[: rng.integers(1, 6)] if rng.random() < 0.5 else NAMES[: rng.integers(2, 5)]:
            shape = (n, 1) if "energ" in name else (n, *rng.integers(1, 5, rng.integers(0, 4)))
            x = rng.gamma(1.0, 1.0, shape) * (rng.random(shape) < 0.7)
            if x.size and rng.random() < 0.5:
                x.flat[rng.integers(x.size)] = ODD[rng.integers(len(ODD))]
            with np.errstate(all="ignore"):
                x = x.astype(["f4", "f8", "i4", "S3", "?"][min(4, rng.geometric(0.5) - 1)])
            out.create_dataset(str(name), data=x)
    return file.getvalue()


def film(rng) -> tuple[str, bytes]:
    """The ending and the content of a video of a few frames, at times that may be odd."""
    av = pytest.importorskip("av")
    file, ending = io.BytesIO(), ["mp4", "webm"][rng.integers(2)]
    with av.open(file, "w", format=ending) as out:
        stream = out.add_stream({"mp4": "libx264", "webm": "libvpx"}[ending], rate=int(rng.integers(1, 60)))
        stream.height, stream.width, stream.pix_fmt = *(2 * rng.integers(1, 13, 2)).tolist(), "yuv420p"
        when = 0
        for _ in range(int(rng.integers(1, 12))):
            pixels = rng.integers(0, 256, (stream.height, stream.width, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = when
            when += 10 ** int(rng.integers(0, 6)) if rng.random() < 0.2 else 1
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return ending, file.getvalue()


def looked_at(path, **options):
    str(look_over(read(path, **options)))


@pytest.mark.inputs(600)
def test_showers(fuzz, damaged):
    def look(rng, folder):
        content = hdf5(rng)
        (folder / "x.h5").write_bytes(damaged(rng, content) if rng.random() < 0.5 else content)
        looked_at(folder / "x.h5", **({"unit": "GeV"} if rng.random() < 0.3 else {}))

    fuzz(look)


@pytest.mark.inputs(600)
def test_clips(fuzz, damaged):
    def look(rng, folder):
        (folder / "clips").mkdir()
        for i in range(3):
            ending, content = film(rng)
            content = damaged(rng, content) if rng.random() < 0.5 else content
            (folder / "clips" / f"{i}.{ending}").write_bytes(content)
        looked_at(folder / "clips", **({"length": 2, "size": 8} if rng.random() < 0.5 else {}))

    fuzz(look)
