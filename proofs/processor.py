"""Trainings of so many seconds of one processor: machines are shared, and a minute on the clock says little."""

import time

HOW = {"val": 0, "device": "cpu", "precision": "fp32", "threads": 1}


def fitted(make, data, seconds: float, seed: int, trial: int = 60):
    """(the game of `make()` trained on `data`, the seconds it took, its rounds): these are counted beforehand by a
    trial that is played to its end, since schedules end and later stages take longer."""
    marks = []
    look = lambda state, seen: marks.append((state.round, time.process_time())) or {}  # noqa: E731
    make().fit(data, steps=trial, seed=seed, probes=[look], **HOW)
    first, begun = marks[0]
    steps = max(trial, int(seconds * (trial - first) / (time.process_time() - begun)))
    begun = time.process_time()
    return make().fit(data, steps=steps, seed=seed, **HOW), time.process_time() - begun, steps
