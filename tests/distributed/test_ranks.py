"""Two processes do what one does: play, resume on another number, wait for a slow disk, lose each other, share work."""

import os
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import gansmith as gs
from gansmith.distributed.ranks import OneBatch
from gansmith.evaluate import compare

pytestmark = pytest.mark.usefixtures("whole_toys")

HOW = {"steps": 30, "batch_size": 16, "precision": "fp32", "seed": 3, "evaluate": False}
HERE = """
import os, signal, sys, time
import torch
import gansmith as gs
import gansmith.training.plan
RANK = int(os.environ["RANK"])
torch.set_num_threads(1)
gansmith.training.plan.WARM_SECONDS = 0.0  # as in these tests

def at(step, act):
    return lambda state, row: act() if row["step"] == step else None
"""


def on_two_ranks(code: str) -> list[subprocess.CompletedProcess]:
    """`code`, after HERE, in two processes that know of each other as torchrun lets them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    env = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", HERE + code],
            env={**os.environ, **env, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [rank.communicate() for rank in ranks]
    return [
        subprocess.CompletedProcess(rank.args, rank.returncode, *texts) for rank, texts in zip(ranks, said, strict=True)
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of one process from beginning to end."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    torch.set_num_threads(1)
    gs.GAN(width=16).fit("ring8", out=folder, **HOW)
    return folder


def stopped_at_ten(folder):
    def stop(state, row):
        if row["step"] == 10:
            state.enough = "ten are enough"

    gs.GAN(width=16).fit("ring8", out=folder, watch=stop, **HOW)


def assert_close(one, two):
    """The same networks, averages and chance, up to rounding, and the same log."""
    one, two = (torch.load(folder / "checkpoint", weights_only=True) for folder in (one, two))
    assert one["round"] == two["round"] and one["position"] == two["position"]
    assert torch.equal(one["rng"], two["rng"])
    for part in (lambda s: s["game"], lambda s: s["average"]["generator"]):
        for name, value in part(one).items():
            assert torch.allclose(value, part(two)[name], atol=1e-5), name


# --- one batch of many ranks ------------------------------------------------------------------------------------------
DRAWS = {
    "rand": lambda n: torch.rand(n, 3),
    "randn": lambda n: torch.randn((n, 2, 5)),
    "randint": lambda n: torch.randint(2, 9, (n, 20)),
    "like": lambda n: torch.rand_like(torch.zeros(n, 30)),
    "in place": lambda n: torch.empty(n, 30).exponential_(),
    "dropout": lambda n: F.dropout(torch.ones(n, 40), 0.3),
    "channels last": lambda n: F.dropout(torch.ones(n, 3, 4, 5).to(memory_format=torch.channels_last)),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_ranks_draw_what_one_process_draws(draw):
    torch.manual_seed(0)
    expected = draw(12), torch.rand(())
    for rank in range(3):
        torch.manual_seed(0)
        with OneBatch(rank, 3, 4):
            drawn = draw(4), torch.rand(())
        assert torch.equal(drawn[0], expected[0][4 * rank : 4 * rank + 4]) and drawn[1] == expected[1]


def test_of_two_blocks_each_rank_has_its_part_of_both():
    torch.manual_seed(0)
    expected = torch.rand(12, 2)
    for rank in range(3):
        torch.manual_seed(0)
        with OneBatch(rank, 3, 2):
            drawn = torch.rand(4, 2)
        rows = [2 * rank, 2 * rank + 1, 6 + 2 * rank, 7 + 2 * rank]
        assert torch.equal(drawn, expected[rows])


def test_a_generator_of_one_s_own_is_left_alone():
    with OneBatch(1, 2, 4):
        drawn = torch.rand(4, generator=torch.Generator().manual_seed(5))
    assert torch.equal(drawn, torch.rand(4, generator=torch.Generator().manual_seed(5)))


def test_two_ranks_play_the_game_of_one(monkeypatch, capfd):
    """The proof, of two games: it holds its own controls against the result, and fails if they pass."""
    proof = Path(__file__).parents[2] / "proofs" / "ranks.py"
    words = ["--dry", "--seeds", "1", "--rounds", "2", "--games", "dcgan", "began"]
    monkeypatch.setattr(sys, "argv", [str(proof), *words])
    try:
        with pytest.raises(SystemExit) as done:
            runpy.run_path(str(proof), run_name="__main__")
    finally:
        torch.set_flush_denormal(False)
    assert not done.value.code, capfd.readouterr()


@pytest.mark.slow
def test_the_example_gives_the_same_sharded_as_whole():
    example = str(Path(__file__).parents[2] / "examples" / "fsdp.py")
    code = f"import runpy, sys; sys.argv[1:] = ['--steps', '3']; runpy.run_path({example!r}, run_name='__main__')"
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ranks = on_two_ranks(code)
    assert [rank.returncode for rank in ranks] == [0, 0], ranks
    (held, *made), (held_by_one, *made_by_one) = (re.findall(r"[-+]?\d[.\d]*", x.stdout) for x in (ranks[0], alone))
    assert [float(x) for x in made] == pytest.approx([float(x) for x in made_by_one], abs=2e-5)
    assert int(held) < 0.6 * int(held_by_one)


# --- runs ------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_two_ranks_wait_for_a_slow_disk_and_one_goes_on(whole, tmp_path):
    """With a patience of a second, the rank that waits gives up; with the usual one, it does not."""
    ranks = on_two_ranks(f"""
from datetime import timedelta
import torch.distributed as dist
from gansmith.distributed.ranks import Ranks
from gansmith.training.state import State

Ranks(torch.device("cpu"))
hasty = dist.new_group(timeout=timedelta(seconds=1))
try:
    time.sleep(0 if RANK else 3)
    dist.all_reduce(torch.ones(1), group=hasty)
    assert RANK == 0, "the hasty group waited"
except RuntimeError:
    print("gave up")

save = State.save
State.save = lambda self, path: (time.sleep(3), save(self, path))
stop = at(10, lambda: signal.raise_signal(signal.SIGINT)) if RANK == 1 else None
game = gs.GAN(width=16)
try:
    game.fit("ring8", out={str(tmp_path / "run")!r}, watch=stop, **{HOW})
    print("went on as if nothing had happened")
except KeyboardInterrupt:
    assert game.trained["rounds"] == 10 and not game.trained["finished"]
""")
    assert [rank.returncode for rank in ranks] == [0, 0], ranks
    assert "gave up" in ranks[1].stdout
    assert not any("went on" in rank.stdout for rank in ranks), "Ctrl-C at one of them is Ctrl-C at both"
    assert gs.resume(tmp_path / "run").trained["finished"]
    assert_close(whole, tmp_path / "run")


@pytest.mark.slow
def test_a_lost_rank_ends_all_and_the_run_goes_on_elsewhere(whole, tmp_path):
    folder = tmp_path / "run"
    stopped_at_ten(folder)
    ranks = on_two_ranks(f"""
from gansmith.cli.main import main
if RANK == 1:
    gs.resume({str(folder)!r}, watch=at(15, lambda: os._exit(9)))
sys.exit(main(["resume", {str(folder)!r}, "--quiet"]))
""")
    assert [rank.returncode for rank in ranks] == [1, 9], ranks
    assert "a process (rank) was lost" in ranks[0].stderr and "Traceback" not in ranks[0].stderr
    gs.resume(folder)
    assert_close(whole, folder)


def test_one_stops_two_go_on_and_share_a_task(whole, tmp_path):
    folder, out = tmp_path / "run", tmp_path / "made.npz"
    stopped_at_ten(folder)
    ranks = on_two_ranks(f"""
from gansmith.cli.main import main
from gansmith.evaluate import compare
from gansmith.distributed.ranks import one_task
game = gs.resume({str(folder)!r})
assert game.trained["finished"]
assert main(["sample", {str(whole)!r}, "-n", "600", "--seed", "4", "-o", {str(out)!r}]) == 0
game = gs.load({str(whole)!r})
with one_task(4) as (first, seed):
    real = game.sample(300, seed=9)
    score, found = game.score_samples(real), compare(real, game.sample, n=100, reference=200, seed=seed)
torch.save([score, str(found)], {str(tmp_path)!r} + f"/{{RANK}}")
print("first" if first else "second")

import weakref
from gansmith.distributed.ranks import leave
group = weakref.ref(torch.distributed.group.WORLD)
leave()
assert group() is None, "who holds the group holds its threads, and a process that ends beside them may abort"
""")
    assert [rank.returncode for rank in ranks] == [0, 0], ranks
    assert ["first" in rank.stdout for rank in ranks] == [True, False] and "made.npz" not in ranks[1].stdout
    assert_close(whole, folder)
    game = gs.load(whole)
    assert np.array_equal(np.load(out)["samples"], game.sample(600, seed=4))
    real = game.sample(300, seed=9)
    expected = game.score_samples(real), str(compare(real, game.sample, n=100, reference=200, seed=4))
    for rank in "01":
        score, found = torch.load(tmp_path / rank, weights_only=False)
        assert np.array_equal(score, expected[0]) and found == expected[1]
