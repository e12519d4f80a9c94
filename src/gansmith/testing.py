"""`check_game`: the contract as a test that anyone can run on a game of their own.

>>> from gansmith.testing import check_game
>>> check_game(MyGame)            # raises AssertionError that says what is wrong
"""

from __future__ import annotations

import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch

from gansmith.data.captions import captioned
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table import Table, TableSpec
from gansmith.data.kinds.table_columns import Column
from gansmith.data.pairs import Unpaired
from gansmith.data.spec import DataSpec
from gansmith.distributed.ranks import Ranks
from gansmith.errors import UserError
from gansmith.game import Game, observing
from gansmith.training import modelfile
from gansmith.training.loop import Mover, draw, play_round
from gansmith.training.state import State

SHAPES = [(1, 28, 28), (3, 32, 32), (4, 30, 50), (1, 17, 23), (1, 8, 8), (5,)]


def check_game(game: type[Game], *, data: list[Dataset] | None = None, seed: int = 0, **settings) -> None:
    """Hold a game against the contract; AssertionError names the first clause it breaks.

    data      data sets it must accept; None: made-up ones of every form, of which it may refuse some
    settings  for its constructor, such as a smaller width
    """
    check_settings_are_stored(game, settings)
    accepted = []
    for dataset in data or every_form():
        try:
            accepted.append(begin(game, dataset, settings, seed).data)
        except UserError as error:
            assert data is None, f"{game.__name__} refuses its own data: {error}"
    assert accepted, f"{game.__name__} accepts no data"
    for dataset in accepted:
        check_moves(game, dataset, settings, seed)
    smallest = min(accepted, key=lambda d: np.prod(d.spec.shape))
    check_observing(game, smallest, settings, seed)
    check_resume(game, smallest, settings, seed)
    check_sampling_and_saving(game, smallest, settings, seed)


CAPTIONS = [["a thing", f"number {i} of them"] for i in range(40)]


def every_form() -> list[Dataset]:
    """Made-up data of each form that games are played on: pictures and vectors, pairs, two domains, captions, rows of
    a table, none."""
    pictures = [(1, 8, 8), (3, 17, 23)]
    return [
        *(made_up(shape) for shape in SHAPES),
        *(made_up_pairs(shape) for shape in pictures),
        *(made_up_pairs(shape, paired=False) for shape in pictures),
        *(captioned(replace(made_up(shape), files=()), CAPTIONS) for shape in pictures),
        made_up_table(),
        Dataset(DataSpec("vectors", (1,)), {}, name="no data", rows=torch.arange(64)),
    ]


def played_on(game: type[Game], **settings) -> Dataset:
    """The smallest made-up data that a game takes."""
    for dataset in sorted(every_form(), key=lambda d: np.prod(d.spec.shape)):
        try:
            return begin(game, dataset, settings, 0).data
        except UserError:
            continue
    raise AssertionError(f"{game.__name__} accepts no data")


def made_up(shape: tuple[int, ...], n: int = 40, seed: int = 0) -> Dataset:
    """`n` random items of three classes: smooth pictures for (C, H, W), normal vectors for (d,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    names = ("a", "b", "c")
    if len(shape) == 3:
        coarse = rng.integers(0, 256, (n, shape[0], 3, 3)).repeat(-(-shape[1] // 3), 2).repeat(-(-shape[2] // 3), 3)
        real = coarse[:, :, : shape[1], : shape[2]].astype(np.uint8)
        spec = DataSpec.images(shape, names)
    else:
        real = (rng.standard_normal((n, *shape)) + labels[:, None]).astype(np.float32)
        spec = DataSpec("vectors", shape, names, center=(1.0,), scale=(1.5,))
    return Dataset(spec, {"real": real, "label": labels}, name="made up", digest=f"{shape}{n}{seed}")


def made_up_pairs(shape: tuple[int, int, int], channels: int = 1, n: int = 40, paired: bool = True) -> Dataset:
    """`n` pictures of `channels` beside `n` of `shape`, as pairs or as two domains."""
    one, two = made_up((channels, *shape[1:]), n), made_up(shape, n, seed=1)
    spec = replace(two.spec, classes=(), also={"source": replace(one.spec, classes=())})
    fields = {"source": one.fields["real"], "target": two.fields["real"]}
    return (Dataset if paired else Unpaired)(spec, fields, name="made up", digest=f"{shape}{channels}{n}{paired}")


def made_up_table(n: int = 40, seed: int = 0) -> Table:
    """`n` random rows: a category with gaps, a yes or no, a whole number with a spike and gaps."""
    rng = np.random.default_rng(seed)
    kind, yes = rng.integers(0, 3, n).astype(float), rng.integers(0, 2, n).astype(float)
    number = np.where(rng.random(n) < 0.3, 0, rng.integers(1, 1000, n)).astype(float)
    kind[rng.random(n) < 0.2] = number[rng.random(n) < 0.1] = np.nan
    columns = (
        Column("kind", "categorical", "object", True, ("a", "b", "c"), (0.3, 0.3, 0.2), missing=0.2),
        Column("yes", "boolean", "bool", True, (False, True), (0.5, 0.5)),
        Column("number", "integer", "float64", False, (0,), (0.3,), missing=0.1, low=0.0, high=1000.0, step=1.0),
    )
    codes = np.stack([kind, yes, number], 1)
    return Table(TableSpec.of_columns(columns, codes), {"real": codes}, name="made up", digest=f"table {n} {seed}")


def begin(game: type[Game], dataset: Dataset, settings: dict, seed: int, device="cpu") -> State:
    """A fresh state of the game, ready for its first round."""
    torch.manual_seed(seed)
    made = game(**settings)
    dataset = made.read(dataset)
    made.choose(dataset.spec, len(dataset))
    made.build(dataset.spec)
    made.spec = dataset.spec
    made.to(device)
    state = State(made, dataset, None, batch_size=8, seed=seed, ranks=Ranks(torch.device(device)))
    made.train()
    return state


def rounds(state: State, count: int) -> dict:
    mover = Mover(state, "fp32", 1)
    for _ in range(count):
        terms = play_round(state, mover)
        state.round += 1
        state.average.update(state.batch_size, state.samples)
    return terms


def check_settings_are_stored(game: type[Game], settings: dict) -> None:
    made = game(**settings)
    assert not list(made.parameters()), f"{game.__name__}() makes networks: leave that to build()"
    for name, value in settings.items():
        assert getattr(made, name) == value, f"{game.__name__}({name}={value!r}) stores {getattr(made, name)!r}"
    for field in fields(made):
        assert field.metadata.get("meaning"), f"setting {field.name} has no meaning: make it with setting(default, '…')"
    try:
        game(no_such_setting=1)
    except UserError:
        return
    raise AssertionError(f"{game.__name__} accepts a setting that does not exist")


def check_moves(game: type[Game], dataset: Dataset, settings: dict, seed: int) -> None:
    """Losses are finite; a move changes the mover and nobody else; every parameter is reached by some move."""
    state = begin(game, dataset, settings, seed)
    where = f"{game.__name__} on {dataset.spec.shape}"
    owners = [p for player in state.players.values() for p in player.parameters]
    assert len(owners) == len({id(p) for p in owners}), f"{where}: a parameter belongs to two players"
    mover = Mover(state, "fp32", 1)
    reached = {name: torch.zeros_like(p.flat, dtype=torch.bool) for name, p in state.players.items()}
    for stage in state.game.stages():
        stage.begin()
        batch = None
        for turn in stage.turns:
            if turn.fresh or batch is None:
                batch = draw(state, {} if batch is None else batch.memo)
            before = {name: p.flat.detach().clone() for name, p in state.players.items()}
            terms = mover.move(turn, batch)
            for name, value in terms.items():
                assert torch.isfinite(value).all(), f"{where}: {name} is {value.item()} in the first round"
            for name, player in state.players.items():
                moved = not torch.equal(before[name], player.flat)
                if name in turn.movers:
                    reached[name] |= player.gradient != 0
                else:
                    assert not moved, f"{where}: {turn.player}'s move changed {name}"
    for name in state.players:
        if name in {m for stage in state.game.stages() for t in stage.turns for m in t.movers}:
            assert reached[name].any(), f"{where}: no gradient reaches {name}"


def check_observing(game: type[Game], dataset: Dataset, settings: dict, seed: int) -> None:
    """Watching a round changes nothing."""
    plain, watched = begin(game, dataset, settings, seed), begin(game, dataset, settings, seed)
    rounds(plain, 2)
    torch.manual_seed(seed)
    watched = begin(game, dataset, settings, seed)
    with observing({}):
        rounds(watched, 2)
    assert_same(plain.state_dict(), watched.state_dict(), f"{game.__name__}: observing changed the game")


def check_resume(game: type[Game], dataset: Dataset, settings: dict, seed: int) -> None:
    """Six rounds are three, a checkpoint, and three more, bit for bit."""
    whole = begin(game, dataset, settings, seed)
    rounds(whole, 6)
    expected = whole.state_dict()
    half = begin(game, dataset, settings, seed)
    rounds(half, 3)
    with tempfile.TemporaryDirectory() as folder:
        half.save(Path(folder) / "checkpoint")
        torch.manual_seed(999)
        again = begin(game, dataset, settings, seed + 1)
        again.order.seed = seed
        again.load(Path(folder) / "checkpoint")
    rounds(again, 3)
    assert_same(expected, again.state_dict(), f"{game.__name__}: resuming is not exact")


def check_sampling_and_saving(game: type[Game], dataset: Dataset, settings: dict, seed: int) -> None:
    """Samples have the data's form, depend on the seed alone and leave no trace; a saved game samples the same."""
    state = begin(game, dataset, settings, seed)
    rounds(state, 2)
    made = state.game
    made.train()
    modes, before, rng = [m.training for m in made.modules()], _copied(state.state_dict()), torch.get_rng_state()
    given = {name: dataset.raw(torch.arange(5), name) for name in game.inputs}
    one, two = made.sample(5, seed=7, **given), made.sample(5, seed=7, **given)
    assert same_items(one, two), f"{game.__name__}.sample differs for the same seed"
    assert modes == [m.training for m in made.modules()], f"{game.__name__}.sample leaves networks in another mode"
    assert_same(before, state.state_dict(), f"{game.__name__}.sample changes the game")
    assert torch.equal(rng, torch.get_rng_state()), f"{game.__name__}.sample(seed=…) draws from the global chance"
    form = dataset.spec
    assert np.asarray(one).shape == (5, *form.shape), f"{game.__name__}.sample gives shape {np.asarray(one).shape}"
    assert np.asarray(one).dtype == form.dtype, (
        f"{game.__name__}.sample gives {np.asarray(one).dtype}, not {form.dtype}"
    )
    assert len(made.sample(0, seed=0, **given)) == 0, f"{game.__name__}.sample(0) is not empty"

    made.use_averages(state.average.copies)
    expected = made.sample(5, seed=7, **given)
    with tempfile.TemporaryDirectory() as folder:
        path = modelfile.write(made, Path(folder) / "x.gan")
        again = modelfile.read(path, {game.__name__: game})
    loaded = again.sample(5, seed=7, **given)
    assert same_items(expected, loaded), f"{game.__name__}: a loaded model samples differently"
    for name, module in made.raw.items():
        assert_same(module.state_dict(), again.raw[name].state_dict(), f"{game.__name__}: the raw {name} is not kept")


def same_items(one, two) -> bool:
    """Whether two sets of samples are equal: arrays, or DataFrames, in which gaps are equal to gaps."""
    return one.equals(two) if hasattr(one, "equals") else np.array_equal(np.asarray(one), np.asarray(two))


def assert_same(one, other, message: str) -> None:
    """AssertionError unless two nested states are equal bit for bit (times aside)."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), f"{message}: {set(one) ^ set(other)}"
        for key in one:
            if key != "seconds":
                assert_same(one[key], other[key], f"{message} ({key})")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), message
        for a, b in zip(one, other):
            assert_same(a, b, message)
    elif isinstance(one, torch.Tensor):
        assert torch.equal(torch.nan_to_num(one.float()), torch.nan_to_num(other.float())), message
    else:
        assert one == other, message


def _copied(state: dict) -> dict:
    import copy

    return copy.deepcopy(state)


__all__ = [
    "SHAPES",
    "assert_same",
    "begin",
    "check_game",
    "made_up",
    "made_up_pairs",
    "made_up_table",
    "played_on",
    "rounds",
    "same_items",
]
