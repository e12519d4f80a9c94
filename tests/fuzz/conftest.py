"""Made-up input of strangers, the same each time, many at a time in one process.

A test marked `inputs(n)` gets `fuzz`: in `make test` one input in a hundred, in `make test-slow` all n, in parts. Of
each input it holds that whatever happens is a UserError of one line, that nothing is written outside the input's folder
and the cache, that no program is started, and that memory stays within bounds.
"""

import os
import shutil
import sys
import traceback
import warnings
from contextlib import contextmanager

import numpy as np
import pytest

from gansmith.errors import UserError

PART = 250  # inputs in one test, so that tests can run side by side
ROOM = 3 * 2**30  # bytes that all inputs of a test may take beyond what the process has


def pytest_generate_tests(metafunc):
    mark = metafunc.definition.get_closest_marker("inputs")
    if mark:
        (count,) = mark.args
        parts = [
            pytest.param(range(start, min(start + PART, count)), marks=pytest.mark.slow, id=f"{start}-")
            for start in range(0, count, PART)
        ]
        metafunc.parametrize("fuzz", [pytest.param(range(count // 100), id="few"), *parts], indirect=True)


@pytest.fixture
def fuzz(request, tmp_path, monkeypatch):
    """Call it with `look(rng, folder)`, which makes one input in an empty folder and does with it what a user would."""
    monkeypatch.chdir(tmp_path)
    cache = os.environ["GANSMITH_CACHE"]

    def all_of(look) -> None:
        fallen, said = {}, {}
        with bounded():
            for number in request.param:
                folder = tmp_path / "input"
                folder.mkdir()
                try:
                    with watching(folder, cache), warnings.catch_warnings():
                        warnings.simplefilter("error", RuntimeWarning)
                        look(np.random.default_rng(number), folder)
                except UserError as error:
                    if len(str(error).splitlines()) != 1:
                        fallen.setdefault("not one line", []).append(number)
                        said.setdefault("not one line", repr(error))
                except Exception as error:
                    frames = traceback.extract_tb(error.__traceback__)
                    inner = next((f for f in reversed(frames) if f"{os.sep}gansmith{os.sep}" in f.filename), frames[-1])
                    kind = f"{type(error).__name__} in line {inner.lineno} of {os.path.basename(inner.filename)}"
                    fallen.setdefault(kind, []).append(number)
                    said.setdefault(kind, traceback.format_exc(limit=-6))
                shutil.rmtree(folder)
        told = "\n".join(f"{kind}, inputs {numbers[:9]}:\n{said[kind]}" for kind, numbers in fallen.items())
        assert not fallen, f"{sum(map(len, fallen.values()))} of {len(request.param)} inputs fell:\n{told}"

    return all_of


# --- what a process does, as Python tells of it ----------------------------------------------------------------------
WRITES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"}
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"}
seen: list | None = None  # (event, arguments) while somebody watches; a hook can never be taken off again


def note(event: str, args: tuple) -> None:
    if seen is None:
        return
    if event in STARTS:
        seen.append((event, None, args))
    elif event in WRITES or (event == "open" and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)):
        for name in args[: 2 if event in ("os.rename", "os.link") else 1]:
            if not isinstance(name, int):  # an open file
                seen.append((event, os.path.abspath(os.fsdecode(name)), args))


@contextmanager
def watching(*allowed):
    """AssertionError at the end if anything was written outside of the folders `allowed`, or a program was started."""
    global seen
    hook()
    seen = []
    try:
        yield
    finally:
        happened, seen = seen, None
    inside = tuple(os.path.realpath(folder) for folder in allowed)
    for event, path, args in happened:
        assert event not in STARTS, f"a program was started: {event} {args}"
        folder, name = os.path.split(path)
        if os.path.basename(folder) == "__pycache__":  # Python's own, of what it imports for the first time
            continue
        place = os.path.join(os.path.realpath(folder), name)
        assert place in (*inside, os.devnull) or place.startswith(tuple(i + os.sep for i in inside)), f"{event} {args}"


hooked = []


def hook() -> None:
    if not hooked:
        sys.addaudithook(note)
        hooked.append(note)


@contextmanager
def bounded():
    """Inside, the process gets no more than ROOM beyond the memory that it has; more is a MemoryError. On Linux."""
    if sys.platform != "linux":
        yield
        return
    import resource

    with open("/proc/self/statm") as file:
        has = int(file.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (has + ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


# --- damage ----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def damaged():
    """(rng, bytes) -> the bytes with a few flipped, cut out, repeated, or put in."""

    def damage(rng, content: bytes) -> bytes:
        content = bytearray(content)
        for _ in range(int(rng.integers(1, 5))):
            at, length = int(rng.integers(0, len(content) + 1)), int(rng.integers(1, 2 ** rng.integers(1, 9)))
            match rng.integers(6):
                case 0:
                    for place in rng.integers(0, max(1, len(content)), min(8, len(content))):
                        content[place] ^= 1 << int(rng.integers(8))
                case 1:
                    del content[at:]
                case 2:
                    del content[at : at + length]
                case 3:
                    content[at:at] = content[at : at + length]
                case 4:
                    content[at : at + length] = rng.bytes(length)
                case 5:
                    content[at : at + 4] = [b"\0\0\0\0", b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80"][
                        rng.integers(4)
                    ]
        return bytes(content)

    return damage


ODD = [
    None, True, False, 0, 1, -1, 2, 3, 7, 0.5, -0.0, 1e39, 1e300, -1e300, float("nan"), float("inf"), 2**31, 2**62,
    2**64, 10**400, "", "a", "1", "real", "cpu", "x" * 5000, "\x1b[31m", "a\nb", "\ud800", "../x", "/etc", [], {}, [[]],
    [None], ["a"], [1, 2], [-1], [0.5], [2**40, 2**40], {"a": 1}, {"": None}, {"kind": "vectors"}, [[1, 2], [3, 4]],
]  # fmt: skip


@pytest.fixture(scope="session")
def edited():
    """(rng, JSON value) -> a copy in which one or two places hold something else, are gone, or are added."""

    def places(held, where=()):
        yield where
        for key, value in held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ():
            yield from places(value, (*where, key))

    def edit(rng, held):
        import copy

        held = copy.deepcopy(held)
        for _ in range(int(rng.integers(1, 3))):
            found = [p for p in places(held) if p]
            if not found:
                break
            *path, last = found[rng.integers(len(found))]
            parent = held
            for key in path:
                parent = parent[key]
            what = copy.deepcopy(ODD[rng.integers(len(ODD))])
            match rng.integers(8):
                case 0:
                    del parent[last]
                case 1 if isinstance(parent, dict):
                    parent[["warp", "", "label", "real", "kind"][rng.integers(5)]] = what
                case 1:
                    parent.insert(0, what)
                case 2 if isinstance(parent[last], (int, float)) and not isinstance(parent[last], bool):
                    parent[last] = parent[last] * [-1, 2, 0, 1000, 0.5, 10**9][rng.integers(6)]
                case 3 if isinstance(parent[last], list):
                    parent[last] = parent[last] * 2
                case _:
                    parent[last] = what
        return held

    return edit
