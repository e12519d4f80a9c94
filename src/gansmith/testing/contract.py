"""The checks of `check_game`, one function each. Their docstrings say what a game must hold."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from fnmatch import fnmatch
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.errors import UserError
from gansmith.game import Game, observing
from gansmith.testing.examples import every_form
from gansmith.testing.play import assert_same, begin, gradients_for_other_reals, moves, rounds, same_items
from gansmith.training import modelfile
from gansmith.training.state import State


def check_game(
    game: type[Game], *, only: str | tuple = (), skip: str | tuple = (), data=None, seed: int = 0, **settings
) -> None:
    """Hold a game against the contract; AssertionError says which check it fails, and how.

    only, skip  names of checks: those to run (default: all), those to leave out. ValueError for an unknown name
    data        a list of data sets that it must accept; None: made-up ones of every form, of which it may refuse some
    settings    for its constructor, such as a smaller width
    """
    only, skip = ((names,) if isinstance(names, str) else tuple(names) for names in (only, skip))
    unknown = {*only, *skip} - CHECKS.keys()
    if unknown:
        raise ValueError(f"no check is called {', '.join(sorted(unknown))}; there are: {', '.join(CHECKS)}")
    for name, check in checks(game, data=data, seed=seed, **settings):
        if (not only or name in only) and name not in skip:
            check()


def checks(game: type[Game], *, data=None, seed: int = 0, **settings) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield (name, check): each a function without arguments that raises AssertionError where the game fails it."""
    trial = Trial(game, data, seed, settings)
    for name, check in CHECKS.items():
        yield name, partial(check, trial)


class Trial:
    """A game under test: its settings, and the data sets that it accepts."""

    def __init__(self, game: type[Game], data: list[Dataset] | None, seed: int, settings: dict):
        self.game, self.data, self.seed, self.settings = game, data, seed, settings
        self.name = game.__name__

    @cached_property
    def begun(self) -> list[State]:
        """A game on each of the data sets, before its first round."""
        found = []
        for dataset in self.data or every_form():
            try:
                found.append(begin(self.game, dataset, self.settings, self.seed))
            except UserError as error:
                assert self.data is None, f"{self.name} refuses its own data: {error}"
        assert found, f"{self.name} accepts no data"
        return found

    @cached_property
    def accepted(self) -> list[Dataset]:
        return [state.data for state in self.begun]

    @property
    def smallest(self) -> Dataset:
        return min(self.accepted, key=lambda dataset: np.prod(dataset.spec.shape))

    def begin(self, seed: int | None = None) -> State:
        """A game on the smallest of the data sets."""
        return begin(self.game, self.smallest, self.settings, self.seed if seed is None else seed)

    @cached_property
    def plays(self) -> list[Play]:
        """The first rounds on each of the data sets."""
        torch.manual_seed(self.seed)
        return [Play(f"{self.name} on {state.data.spec.shape}", state) for state in self.begun]

    @cached_property
    def whole(self) -> tuple[dict, dict]:
        """What a game on the smallest data set holds after two rounds, and after six."""
        state = self.begin()
        rounds(state, 2)
        two = copy.deepcopy(state.state_dict())
        rounds(state, 4)
        return two, state.state_dict()

    @cached_property
    def played(self) -> State:
        """A game on the smallest data set after two rounds, to sample from and not to change."""
        state = self.begin()
        rounds(state, 2)
        return state

    def sampler(self, state: State) -> Callable:
        """Five samples of a state's game, from a seed or without; games with inputs get those of the first items."""
        given = {name: state.data.raw(torch.arange(5), name) for name in self.game.inputs}
        return lambda n=5, **seed: state.game.sample(n, **seed, **given)


class Play:
    """What happened in the first round of a game, and in up to three more until a gradient has reached each parameter.

    moves      (whose move, terms, players that it changed without being their move)
    shared     whether a parameter belongs to two players;  ownerless  names of those that belong to none
    unreached  names of parameters whose gradient stayed zero
    """

    def __init__(self, where: str, state: State, most: int = 4):
        names, self.where, self.moves = {id(p): name for name, p in state.game.named_parameters()}, where, []
        trained = [id(p) for p in state.game.parameters() if p.requires_grad]
        owned = [id(p) for player in state.players.values() for p in player.parameters]
        self.shared = len(owned) > len(set(owned))
        self.ownerless = [names[i] for i in trained if i not in owned]
        waiting = set(owned)
        for _ in range(0 if self.shared else most):
            before = {name: player.flat.detach().clone() for name, player in state.players.items()}
            for turn, _, terms in moves(state):
                for player in (state.players[name] for name in turn.movers):
                    parts = zip(player.parameters, player.gradient.split([p.numel() for p in player.parameters]))
                    waiting -= {id(p) for p, gradient in parts if gradient.any()}
                changed = [n for n, player in state.players.items() if not torch.equal(before[n], player.flat)]
                self.moves.append((turn.player, terms, set(changed) - set(turn.movers)))
                before |= {name: state.players[name].flat.detach().clone() for name in changed}
            if not waiting:
                break
        self.unreached = sorted(names.get(i, "a parameter that is no part of the game") for i in waiting)


# --- the checks ------------------------------------------------------------------------------------------------------
def settings_are_stored(trial: Trial) -> None:
    """The constructor stores its settings as they are, and makes no networks."""
    made = trial.game(**trial.settings)
    assert not list(made.parameters()), f"{trial.name}() makes networks: leave that to build()"
    for name, value in trial.settings.items():
        assert getattr(made, name) == value, f"{trial.name}({name}={value!r}) stores {getattr(made, name)!r}"


def settings_have_a_meaning(trial: Trial) -> None:
    """Each setting says in one line what it does, which `--help` shows."""
    for field in fields(trial.game):
        assert field.metadata.get("meaning"), f"setting {field.name} has no meaning: make it with setting(default, '…')"


def unknown_settings_are_refused(trial: Trial) -> None:
    try:
        trial.game(no_such_setting=1)
    except UserError:
        return
    raise AssertionError(f"{trial.name} accepts a setting that does not exist")


def some_data_is_accepted(trial: Trial) -> None:
    """All that is given, or at least one of the made-up forms."""
    assert trial.accepted


def players_own_their_parameters(trial: Trial) -> None:
    """No parameter belongs to two players, and none that could be trained to nobody."""
    for play in trial.plays:
        assert not play.shared, f"{play.where}: a parameter belongs to two players"
        assert not play.ownerless, (
            f"{play.where}: no player owns {', '.join(play.ownerless)}: name the module in players(), or freeze it"
        )


def losses_are_finite(trial: Trial) -> None:
    for play in trial.plays:
        for _, terms, _ in play.moves:
            for name, value in terms.items():
                assert torch.isfinite(value).all(), f"{play.where}: {name} is {value.item()} in the first rounds"


def a_move_changes_its_movers_only(trial: Trial) -> None:
    for play in trial.plays:
        for player, _, others in play.moves:
            assert not others, f"{play.where}: {player}'s move changed {', '.join(others)}"


def every_parameter_is_reached(trial: Trial) -> None:
    """In the first rounds some move's gradient is not zero at each parameter (a tensor, not each number of it).

    `Game.unreached` names those of which this is not expected, and why.
    """
    for play in trial.plays:
        dead = [name for name in play.unreached if not any(fnmatch(name, known) for known in trial.game.unreached)]
        assert not dead, f"{play.where}: no gradient reaches {', '.join(dead)}"


def discriminators_look_at_real_data(trial: Trial) -> None:
    """Other real items in a batch give each player called a discriminator, or one of all players, another gradient."""
    if not trial.smallest.fields:
        return
    wanted = [name for name in trial.begin().players if "discriminator" in name]
    seen = set()
    for name, one, other in gradients_for_other_reals(trial.begin, wanted):
        if not torch.equal(one, other):
            seen.add(name)
        if seen and seen.issuperset(wanted):
            break
    for name in wanted:
        assert name in seen, f"{trial.name}: {name} never looks at real data: others give it the same gradient"
    assert seen, f"{trial.name}: no player looks at the data: others give all of them the same gradient"


def observing_changes_nothing(trial: Trial) -> None:
    """A round that somebody watches is the same as one that nobody does: `observe` neither draws nor changes."""
    expected, _ = trial.whole
    watched = trial.begin()
    with observing({}):
        rounds(watched, 2)
    assert_same(expected, watched.state_dict(), f"{trial.name}: observing changed the game")


def resuming_is_exact(trial: Trial) -> None:
    """Six rounds are three, a checkpoint, and three more, bit for bit."""
    _, expected = trial.whole
    half = trial.begin()
    rounds(half, 3)
    with tempfile.TemporaryDirectory() as folder:
        half.save(Path(folder) / "checkpoint")
        torch.manual_seed(999)
        again = trial.begin(seed=trial.seed + 1)
        again.order.seed = trial.seed
        again.load(Path(folder) / "checkpoint")
    rounds(again, 3)
    assert_same(expected, again.state_dict(), f"{trial.name}: resuming is not exact")


def samples_have_the_form_of_the_data(trial: Trial) -> None:
    sample, form = trial.sampler(trial.played), trial.smallest.spec
    items = np.asarray(sample(seed=7))
    assert items.shape == (5, *form.shape), f"{trial.name}.sample gives shape {items.shape}"
    assert items.dtype == form.dtype, f"{trial.name}.sample gives {items.dtype}, not {form.dtype}"
    assert len(sample(0, seed=0)) == 0, f"{trial.name}.sample(0) is not empty"


def sampling_leaves_no_trace(trial: Trial) -> None:
    """Samples depend on their seed alone; networks keep their mode and state, the global generator its place."""
    state = trial.played
    made = state.game
    made.train()
    sample = trial.sampler(state)
    modes, before, rng = [m.training for m in made.modules()], copy.deepcopy(state.state_dict()), torch.get_rng_state()
    one = sample(seed=7)
    assert torch.equal(rng, torch.get_rng_state()), f"{trial.name}.sample(seed=…) draws from torch's global generator"
    assert same_items(one, sample(seed=7)), f"{trial.name}.sample differs for the same seed"
    assert modes == [m.training for m in made.modules()], f"{trial.name}.sample leaves networks in another mode"
    assert_same(before, state.state_dict(), f"{trial.name}.sample changes the game")


def samples_without_a_seed_follow_torch(trial: Trial) -> None:
    """Without a seed, samples differ from call to call and repeat after torch.manual_seed."""
    sample, drawn = trial.sampler(trial.played), []
    for _ in range(2):
        torch.manual_seed(7)
        drawn += [sample(), torch.rand(2)]
    assert same_items(drawn[0], drawn[2]), f"{trial.name}.sample() does not repeat after torch.manual_seed"
    assert torch.equal(drawn[1], drawn[3]), f"{trial.name}.sample() seeds torch's global generator anew"


def a_saved_model_samples_the_same(trial: Trial) -> None:
    state = trial.begin()
    rounds(state, 2)
    made, sample = state.game, trial.sampler(state)
    made.use_averages(state.average.copies)
    expected = sample(seed=7)
    with tempfile.TemporaryDirectory() as folder:
        again = modelfile.read(modelfile.write(made, Path(folder) / "x.gan"), {trial.game.name: trial.game})
    state.game = again
    assert same_items(expected, trial.sampler(state)(seed=7)), f"{trial.name}: a loaded model samples differently"
    for name, module in made.raw.items():
        assert_same(module.state_dict(), again.raw[name].state_dict(), f"{trial.name}: the raw {name} is not kept")


CHECKS: dict[str, Callable[[Trial], None]] = {
    check.__name__: check
    for check in (
        settings_are_stored,
        settings_have_a_meaning,
        unknown_settings_are_refused,
        some_data_is_accepted,
        players_own_their_parameters,
        losses_are_finite,
        a_move_changes_its_movers_only,
        every_parameter_is_reached,
        discriminators_look_at_real_data,
        observing_changes_nothing,
        resuming_is_exact,
        samples_have_the_form_of_the_data,
        sampling_leaves_no_trace,
        samples_without_a_seed_follow_torch,
        a_saved_model_samples_the_same,
    )
}
