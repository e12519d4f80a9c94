"""How far long work has come is told to whoever watches, and to nobody else."""

import pytest

from gansmith.distributed.collectives import map_across_ranks
from gansmith.distributed.track import task, track, watched_by


class Heard(list):
    def begin(self, what, total):
        self.append(("begin", what, total))

    def advance(self, count):
        self.append(count)

    def end(self):
        self.append("end")


def test_parts_come_through_whether_or_not_somebody_watches():
    heard = Heard()
    with watched_by(heard):
        assert list(track("ab", "letters")) == ["a", "b"]
        with watched_by(None):
            assert list(track("ab", "letters")) == ["a", "b"]
        assert map_across_ranks(str.upper, "ab", what="letters") == ["A", "B"]
        assert map_across_ranks(str.upper, "ab") == ["A", "B"]
    assert list(track(iter("ab"), "letters")) == ["a", "b"]
    assert heard == 2 * [("begin", "letters", 2), 1, 1, "end"]


def test_a_task_ends_with_an_error_in_it_too():
    heard = Heard()
    with watched_by(heard), pytest.raises(ZeroDivisionError), task("work", 10) as advance:
        advance(3)
        raise ZeroDivisionError
    assert heard == [("begin", "work", 10), 3, "end"]
