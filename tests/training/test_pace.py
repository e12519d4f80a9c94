"""How many threads play: by trial in the plan, watched while training, and kept where a resumed run finds it."""

import os
import subprocess
import sys

import pytest
import torch

import gansmith as gs
from gansmith.errors import UserError
from gansmith.testing import begin, made_up
from gansmith.training import hardware, pace, plan
from gansmith.training.loop import Budget
from gansmith.training.pace import Pace, candidates, quickest, turn_about

CPU = torch.device("cpu")
PICTURES, POINTS = made_up((1, 28, 28), n=8).spec, made_up((3,), n=8).spec


@pytest.mark.parametrize("most, tried", [(1, (1,)), (2, (2, 1)), (3, (3, 1)), (8, (8, 4, 1))])
def test_all_half_and_one_are_tried(monkeypatch, most, tried):
    monkeypatch.setattr(torch, "get_num_threads", lambda: most)
    assert candidates(CPU, PICTURES) == tried
    assert candidates(CPU, POINTS) == (1,)
    assert candidates(CPU, PICTURES, ranks=2) == (most,)


def test_more_threads_than_cores_are_refused(monkeypatch):
    monkeypatch.setattr(pace, "cores", lambda: 2)
    assert candidates(CPU, PICTURES, 2) == (2,)
    for asked in (0, 3):
        with pytest.raises(UserError, match="give 1 to 2"):
            candidates(CPU, PICTURES, asked)


def test_turns_of_every_second_round_are_met_by_all():
    order = list(turn_about((2, 1), 4))
    assert order == [2, 1, 1, 2, 2, 1, 1, 2]
    for count in (1, 2):
        assert sum(i % 2 for i, n in enumerate(order) if n == count) == 2


def test_fewer_threads_are_taken_where_more_gain_hardly_anything():
    assert quickest({2: [1.00], 1: [1.02]}) == 1
    assert quickest({2: [1.00], 1: [1.10]}) == 2
    assert quickest({8: [1.0, 9.0, 1.0], 4: [1.5] * 3, 1: [3.0] * 3}) == 8  # one hiccup decides nothing


class Machine:
    """Rounds of so many seconds by the number of threads, as Pace sees them."""

    def __init__(self, monkeypatch, seconds: dict[int, float], usual: float):
        self.seconds, self.threads = seconds, 2
        monkeypatch.setattr(torch, "set_num_threads", lambda n: setattr(self, "threads", n))
        monkeypatch.setattr(torch, "get_num_threads", lambda: self.threads)
        self.state = begin(gs.WGAN, made_up((3,)), {}, 0)
        self.state.threads = [[0, 2]]
        self.pace, self.on = Pace(self.state, (2, 1), usual), []

    def play(self, rounds: int) -> list[int]:
        """The rounds after which the number changed."""
        changes = []
        for _ in range(rounds):
            self.on.append(self.threads)
            self.state.round += 1
            if self.pace(self.seconds[self.threads]):
                changes.append(self.state.round)
        return changes


def test_a_busy_neighbour_leaves_one_thread_and_the_log_says_since_when(monkeypatch):
    machine = Machine(monkeypatch, {2: 0.1, 1: 0.15}, usual=0.1)
    assert machine.play(200) == [] and set(machine.on) == {2}
    machine.seconds = {2: 1.5, 1: 0.2}
    (changed,) = machine.play(60)
    assert machine.state.threads == [[0, 2], [changed, 1]] and machine.threads == 1
    assert machine.pace.line(machine.state, {}) == {"threads": 1, "threads/since": changed}
    assert machine.pace.line(machine.state, {}) == {}


def test_more_threads_come_back_when_the_neighbour_is_gone(monkeypatch):
    machine = Machine(monkeypatch, {2: 1.5, 1: 0.15}, usual=0.1)
    assert len(machine.play(60)) == 1
    machine.seconds = {2: 0.1, 1: 0.15}
    assert len(machine.play(int(pace.AGAIN / 0.15) + 100)) == 1
    assert machine.threads == 2


def test_trying_in_vain_costs_ever_less(monkeypatch):
    machine = Machine(monkeypatch, {2: 1.5, 1: 0.15}, usual=0.1)
    machine.play(60)
    machine.on.clear()
    assert machine.play(20_000) == []  # 50 minutes
    assert 4 < machine.on.count(2) / pace.TRIES < 8


def test_a_machine_that_is_slow_on_any_number_changes_nothing(monkeypatch):
    machine = Machine(monkeypatch, {2: 0.4, 1: 0.6}, usual=0.1)
    assert machine.play(200) == []
    assert machine.on.count(1) == pace.TRIES  # one trial, after which this is what is usual


def test_the_plan_tries_the_numbers_and_says_what_it_found(monkeypatch):
    clock, on = [0.0], [2]
    monkeypatch.setattr(torch, "set_num_threads", lambda n: on.append(n))
    monkeypatch.setattr(plan.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(plan.time, "process_time", lambda: 0.45 * clock[0])
    monkeypatch.setattr(plan, "play_round", lambda state, mover: clock.append(clock.pop() + {2: 1.0, 1: 0.2}[on[-1]]))
    made = plan.make_plan(
        lambda: begin(gs.WGAN, made_up((3,), n=64), {}, 0),
        Budget(steps=7), precision="fp32", micro_batches=1, reasons=[], threads=(2, 1),
    )  # fmt: skip
    assert (made.threads, made.round_seconds) == (1, pytest.approx(0.2)) and on[-1] == 1
    lines = "\n".join(made.lines())
    assert "200 ms per step of 8, on 1 thread (on 2: 1e+03 ms)" in lines
    assert "this machine is shared: 45 % of a core was ours" in lines


def test_a_change_is_saved_at_once_and_a_resumed_run_goes_on_with_it(tmp_path, monkeypatch):
    """Killed five rounds after the change, and resumed, it ends where the whole run ends, bit for bit."""

    def falls(self, seconds):
        if now := self.state.round == 10:
            self.state.threads.append([10, 1])
            torch.set_num_threads(1)
        return now

    monkeypatch.setattr(Pace, "__call__", falls)
    play = {"steps": 20, "threads": min(2, hardware.cores()), "batch_size": 8, "precision": "fp32"}
    play["evaluate"] = False
    data, on = made_up((1, 16, 16)), {}

    def dies(state, seen):
        on[state.round] = torch.get_num_threads()
        if state.round == 15 and not on.get("died"):
            on["died"] = True
            raise ZeroDivisionError
        return {}

    whole = gs.DCGAN(width=4).fit(data, **play, out=tmp_path / "whole")
    with pytest.raises(ZeroDivisionError):
        gs.DCGAN(width=4).fit(data, **play, out=tmp_path / "run", probes=[dies])
    assert torch.load(tmp_path / "run" / "checkpoint", weights_only=True)["round"] == 10
    begun = on[9], on[11]
    on.clear()
    on["died"] = True
    resumed = gs.resume(tmp_path / "run", data=data, probes=[dies])
    assert begun == (play["threads"], 1) and set(on) == {"died", *range(11, 21)} and on[11] == on[20] == 1
    assert resumed.trained["threads"] == whole.trained["threads"] == [[0, play["threads"]], [10, 1]]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    rows = [row for row in resumed.history if "threads" in row]
    assert [(row["step"], row["threads"], row["threads/since"]) for row in rows] == [(10, 1, 10)]


@pytest.mark.parametrize(
    "given, then",
    [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_threads_that_wait_give_their_core_away_soon_unless_somebody_said_how(given, then):
    clean = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    code = "import gansmith, os; print(os.environ.get('GOMP_SPINCOUNT'))"
    done = subprocess.run([sys.executable, "-c", code], env=clean | given, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == then
