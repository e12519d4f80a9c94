"""Runs that are killed at any moment, with `kill -9`, and gone on with, end as if nothing had happened, bit for bit.

Each game is killed again and again: half of the time after a random share of the time that it takes undisturbed, half
of the time at a random one of its operations on files, such as between a checkpoint and its log. One process imports
everything and is forked for each run: `python test_kills.py FOLDER SEED KILLS GAME…` prints one line for each kill.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gansmith.gans import GAMES

SMALL = {
    "wgan-gp": {"discriminator_steps": 2},
    "wgan": {"discriminator_steps": 2, "discriminator_steps_far": 3},
    "f-anogan": {"discriminator_steps": 2},
    "sngan": {"discriminator_steps": 2},
    "neural-crypto": {"bits": 4},
    "gan-int-cls": {"reading": 0.4},
    "srgan": {"blocks": 1, "pretrain": 0.6},
}
STEPS, KILLS = 8, 200
EVENTS = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.parametrize("part", range(4))
def test_killed_runs_end_as_undisturbed_ones(tmp_path, part):
    kills = KILLS // 4
    words = [sys.executable, __file__, tmp_path, str(part), str(kills), *list(GAMES)[part::4]]
    done = subprocess.run(words, capture_output=True, text=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == kills, done.stderr
    assert not [kill for kill in told if not kill["exact"]]


# --- in the process that is forked -----------------------------------------------------------------------------------
def train(name: str, data, folder: Path) -> None:
    """Begin a run, or go on with the one that is there."""
    from gansmith.runs.train import fit, resume

    settings = SMALL.get(name, {}) | ({} if name == "neural-crypto" else {"width": 4})
    if (folder / "checkpoint").exists():
        resume(folder, data=data)
    else:
        fit(GAMES[name](**settings), data, out=folder, steps=STEPS, batch_size=8, seed=3, device="cpu", overwrite=True,
            precision="fp32", evaluate=False)  # fmt: skip


def forked(work, *args, after: int | None = None, seconds: float | None = None) -> int:
    """The status that a copy of this process ends with, which does `work`.

    after    operations on files after which it is killed;  seconds  after which it is killed
    """
    child = os.fork()
    if child:
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, 9)
        return os.waitpid(child, 0)[1]
    try:
        if after is not None:
            kill_after(after)
        work(*args)
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
    os._exit(1)


def kill_after(count: int) -> None:
    """Kill this process before its operation on files number `count`."""
    left = [count]

    def note(event, args):
        if event in EVENTS and (event != "open" or str(args[1])[:1] in "wax+"):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), 9)

    sys.addaudithook(note)


def counted(name: str, data, folder: Path) -> None:
    """Train undisturbed, and write down how many operations on files that takes."""
    seen = []
    sys.addaudithook(lambda event, args: seen.append(1) if event in EVENTS and (
        event != "open" or str(args[1])[:1] in "wax+") else None)  # fmt: skip
    begun = time.monotonic()
    train(name, data, folder)
    folder.with_suffix(".took").write_text(json.dumps([len(seen), time.monotonic() - begun]))


def same(one: Path, other: Path, data) -> bool:
    """Whether two runs are equal bit for bit: checkpoint, log, model and what it samples."""
    import torch

    import gansmith as gs
    from gansmith.testing import assert_same, same_items

    checkpoints = [torch.load(folder / "checkpoint", weights_only=True) for folder in (one, other)]
    assert_same(*checkpoints, f"{other}")
    logs = [[json.loads(line) for line in (folder / "log.jsonl").open()] for folder in (one, other)]
    assert [{**row, "seconds": 0} for row in logs[0]] == [{**row, "seconds": 0} for row in logs[1]]
    assert sorted(p.name for p in (one / "samples").iterdir()) == sorted(p.name for p in (other / "samples").iterdir())
    found = [f.read_text() if (f := folder / "findings.jsonl").exists() else "" for folder in (one, other)]
    assert found[0] == found[1]
    assert not list(other.rglob("*.part"))
    games = [gs.load(folder) for folder in (one, other)]
    given = {field: data.raw(np.arange(4), field) for field in games[0].inputs}
    return same_items(*(game.sample(4, seed=0, **given) for game in games))


def compared(whole: Path, killed: Path, data) -> None:
    assert same(whole, killed, data)


def prepare() -> None:
    """Import all that a run needs, on one thread, and make what hangs on the clock the same each time."""
    import torch

    import gansmith.runs.report.page
    import gansmith.runs.train
    from gansmith.training import loop, plan

    torch.set_num_threads(1)
    plan.WARM_SECONDS = 0.0
    gansmith.runs.train.look_interval = lambda *_: 4
    gansmith.runs.train.Every = lambda log, sample: loop.Every(1, 2, save_seconds=0.0)  # saved each round


def main(folder: str, seed: str, kills: str, *games: str) -> None:
    from gansmith.testing import played_on

    prepare()
    rng = np.random.default_rng(int(seed))
    data, whole, took = {}, {}, {}
    for name in games:
        data[name], whole[name] = played_on(GAMES[name]), Path(folder, f"{name} whole")
        assert forked(counted, name, data[name], whole[name]) == 0, name
        took[name] = json.loads(whole[name].with_suffix(".took").read_text())
    for number in range(int(kills)):
        name = games[number % len(games)]
        killed = Path(folder, f"{name} {number}")
        operations, seconds = took[name]
        status, deaths = 9, []
        for _ in range(1 + int(rng.integers(1, 3))):  # killed once or twice, then left alone
            how = {}
            if rng.random() < 0.5:
                how = {"after": int(rng.integers(operations))}
            else:
                how = {"seconds": float(rng.random() * seconds)}
            status = forked(train, name, data[name], killed, **how)
            if status != 9:
                break
            deaths.append(how)
        end = forked(train, name, data[name], killed)
        exact = end == 0 and status in (0, 9) and forked(compared, whole[name], killed, data[name]) == 0
        print(json.dumps({"game": name, "number": number, "deaths": deaths, "exact": exact}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
