"""Long work says how far it has come: on stderr, as bars in a terminal, as a line now and then elsewhere."""

import io

import pytest

import gansmith as gs
from gansmith.cli import waiting
from gansmith.cli.waiting import Waiting
from gansmith.distributed.track import task, track, watched_by
from gansmith.testing import made_up


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_short_work_says_nothing_and_long_work_a_line_now_and_then(clock):
    stream = io.StringIO()
    with watched_by(Waiting(stream)):
        for _ in track(range(4), "short"):
            clock(1)
        assert stream.getvalue() == ""
        with task("measuring", 2) as advance:
            advance()
            for _ in track(range(100), "training a classifier"):
                clock(1)
    lines = stream.getvalue().splitlines()
    assert lines == [
        "  measuring 50 %, 5 s left: training a classifier 5 %, 95 s left",
        "  measuring 50 %, 35 s left: training a classifier 35 %, 65 s left",
        "  measuring 50 %, 65 s left: training a classifier 65 %, 35 s left",
        "  measuring 50 %, 95 s left: training a classifier 95 %, 5 s left",
    ]


@pytest.mark.parametrize("rows, said", [(None, "  training "), (lambda state, row: None, "")])
def test_training_says_how_far_it_is_where_nobody_is_shown_its_rows(clock, rows, said):
    stream, late = io.StringIO(), lambda state, seen: clock(7) or {}
    with watched_by(Waiting(stream)):
        gs.GAN(width=4, latent=2).fit(made_up((3,)), steps=30, watch=rows, probes=[late], val=0)
    assert stream.getvalue().startswith(said) and ("33 %" in stream.getvalue()) == bool(said)


def test_bars_in_a_terminal_give_way_and_are_gone_in_the_end(clock):
    class Terminal(io.StringIO):
        isatty = staticmethod(lambda: True)

    stream, paused = Terminal(), []
    with watched_by(shown := Waiting(stream, pause=lambda: paused.append(True))):
        for _ in track(range(3), "decoding pictures"):
            clock(1)
            for _ in track(range(2), "one of them"):
                clock(0.1)
    assert paused == [True] and shown.bars is None and not shown.tasks
    assert "decoding pictures" in stream.getvalue() and "one of them" in stream.getvalue()


def test_a_stream_that_is_closed_or_missing_stops_no_work(clock, monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr("sys.stderr", None)
    for waits in (Waiting(stream), Waiting()):
        with watched_by(waits):
            assert list(track(range(3), "work")) == [clock(20) or i for i in range(3)]
