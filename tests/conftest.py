import pytest
import torch


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
    """Runs are planned from three rounds, not from two seconds of them."""
    monkeypatch.setattr("gansmith.training.plan.WARM_SECONDS", 0.0)
