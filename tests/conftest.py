import os
import signal
import sys

import pytest
import torch

from gansmith.data import toys

sys.dont_write_bytecode = False  # what one process has compiled, the many that tests start need not
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

POINTS, FEW = toys.POINTS, 20_000


@pytest.fixture(scope="session", autouse=True)
def small_toys():
    """Toys have 20,000 points, not 100,000: what is measured of them takes a fifth of the time."""
    toys.POINTS = FEW


@pytest.fixture
def signals_are_heard():
    """Also where the tests were started by `nohup` or behind a script's `&`, which have signals ignored."""
    heard = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    numbers = {getattr(signal, name): handler for name, handler in heard.items() if hasattr(signal, name)}
    ignored = {number: handler for number, handler in numbers.items() if signal.getsignal(number) == signal.SIG_IGN}
    for number, handler in ignored.items():
        signal.signal(number, handler)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="module")
def whole_toys(small_toys):
    """Toys as they are, for tests that start a process of its own or read files of before."""
    toys.POINTS = POINTS
    yield
    toys.POINTS = FEW


@pytest.fixture(autouse=True)
def one_thread():
    """Tests run side by side: more threads than cores would only wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache or data folders."""
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("GANSMITH_DATA", raising=False)


@pytest.fixture(autouse=True)
def quick_plan(monkeypatch):
    """Runs are planned from three rounds, not from two seconds of them, and draw three sheets, not ten."""
    monkeypatch.setattr("gansmith.training.plan.WARM_SECONDS", 0.0)
    monkeypatch.setattr("gansmith.training.plan.SHEETS", 3)


@pytest.fixture(autouse=True)
def quick_classifier(monkeypatch):
    """Classifiers for the feature space of that name learn for a quarter of the steps."""
    monkeypatch.setattr("gansmith.evaluate.classifier.LEAST", 150)
