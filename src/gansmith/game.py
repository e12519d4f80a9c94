"""The contract: what a GAN *is*. Named players, what each one wants, in what order they move.

A game is one class in one file of `gans/`: annotated attributes made by `setting`, networks made by `build`, `players`
whose parameters move together, `turns` that say who moves when and what he minimises. All else is `training/`.
"""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform, get_args, get_type_hints

import torch
from torch import Tensor, nn

from gansmith.data import read
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.labels import unmistakable
from gansmith.data.spec import DataSpec
from gansmith.errors import DataError, NotFittedError, SettingError, nearest


def always() -> bool:
    return True


@dataclass(frozen=True)
class Turn:
    """One player's turn in a round of play.

    player  whose parameters move; a tuple moves several at once from one forward pass
    loss    batch -> named terms; the loop minimises their sum and logs each. For a tuple of players: one mapping each
    times   moves in this turn, or a function of the round (WGAN: 100 in the first 25 rounds, then 5)
    every   played once in so many rounds (lazy regularisation; the game scales the weight itself)
    when    asked before the turn; False skips it (gates of VAE-GAN and 3D-GAN)
    fresh   draw a new batch for each move, or use the one the last turn had
    """

    player: str | tuple[str, ...]
    loss: Callable[[Batch], Mapping]
    times: int | Callable[[int], int] = 1
    every: int = 1
    when: Callable[[], bool] = always
    fresh: bool = True

    @property
    def movers(self) -> tuple[str, ...]:
        return (self.player,) if isinstance(self.player, str) else tuple(self.player)


@dataclass(frozen=True)
class Stage:
    """A part of training with turns of its own: `share` of all rounds; `begin` runs once before its first round.

    Optimisers start anew with each stage but the first.
    """

    name: str
    turns: Sequence[Turn]
    share: float = 1.0
    begin: Callable[[], None] = lambda: None


def setting(default, meaning: str, *, minimum=-(2**31), maximum=2**31, choices=None):
    """A setting of a game: its default, its one-line meaning, and what values are allowed."""
    about = {"meaning": meaning, "minimum": minimum, "maximum": maximum, "choices": choices}
    return field(default=default, metadata=about)


class Trained(nn.Module):
    """What a game holds beside its settings. It is annotated here, under the dataclass, so that none becomes a setting.

    spec      the form of the data; None before `fit`
    progress  share of the training budget that is spent, set by the loop before each round
    raw       what moved in training, where the average took its name
    history   what `fit` logged
    trained   how: rounds, samples, seed, data …
    asked     settings as given, before `choose` filled what was left open
    anchor    an empty buffer that moves with the networks: see `Game.device`
    """

    spec: DataSpec
    progress: float
    raw: dict[str, nn.Module]
    history: list[dict]
    trained: dict
    asked: dict
    own_networks: dict[str, nn.Module]
    anchor: Tensor
    generator: nn.Module
    discriminator: nn.Module
    if TYPE_CHECKING:
        width: int | None  # a setting of most games
        __dataclass_fields__: ClassVar[dict]

        def __getattr__(self, name: str) -> Any: ...  # networks and methods that only some papers have


@dataclass_transform(kw_only_default=True, field_specifiers=(setting,))
class Game(Trained):
    """A generative adversarial game. Subclasses give `build`, `players`, `turns` (or `stages`) and `sample`.

    It is an nn.Module so that networks and buffers (state a game keeps: BEGAN's k, an image pool) are saved, moved
    and restored with it. The constructor stores settings and does no work.
    """

    name: ClassVar[str] = ""  # on the command line and in files; a class that gives none has its class's name
    paper: ClassVar = None  # a `gansmith.gans.paper.Paper`
    logs: ClassVar[Mapping] = {}  # logged number ("*" for any part) -> `training.metrics.Metric`, what it means here
    averaged: ClassVar[tuple[str, ...]] = ("generator",)  # networks that get an exponential moving average
    training_only: ClassVar[tuple[str, ...]] = ()  # modules that a run keeps to go on exactly and a model does without
    summary: ClassVar[str] = ""  # one line for `gansmith list`
    inputs: ClassVar[tuple[str, ...]] = ()  # fields of the data that `sample` must be given: ("source",) to translate
    batch_size: ClassVar[int] = 64  # items of a move when nobody says
    unsupported_settings: ClassVar[tuple[str, ...]] = ()  # of its parents': they keep the value the class gives them
    replaceable: ClassVar[tuple[str, ...]] = ()  # networks that the constructor takes, too, as any nn.Module
    needs_data: ClassVar[bool] = True  # False: `read(None)` gives it all it plays on
    recordable: ClassVar[bool] = True  # False: a loss reads numbers of its own that change (see `training.recording`)
    unreached: ClassVar[Mapping[str, str]] = {}  # parameters ("*.bias") that no gradient need reach -> why
    score_kind: ClassVar[str] = "logit"  # what `score_samples` is of the density ratio, for `gansmith.refine.calibrate`

    learning_rate: float = setting(2e-4, "Adam's learning rate", minimum=0.0)
    beta1: float = setting(0.5, "Adam's memory of the gradient", minimum=0.0, maximum=1.0)
    beta2: float = setting(0.999, "Adam's memory of its square", minimum=0.0, maximum=1.0)
    decay: float = setting(
        0.0, "fraction of training, at its end, in which the learning rate falls to 0", minimum=0.0, maximum=1.0
    )
    average_half_life: int = setting(10_000, "half-life of the moving average of the generator, in samples", minimum=0)

    def __init_subclass__(cls, **kwargs):
        """Make the subclass a dataclass of its settings that refuses unknown or impossible ones in plain words, and
        let `help` and `inspect.signature` show its paper and its settings."""
        super().__init_subclass__(**kwargs)
        text = cls.__dict__.get("__doc__")
        if "name" not in cls.__dict__:
            cls.name = cls.__name__
        for name in cls.__dict__.get("unsupported_settings", ()):
            cls.__annotations__[name] = ClassVar
        _take_settings_as_attributes(cls)
        dataclass(kw_only=True, eq=False, repr=False)(cls)
        store = cls.__init__

        def __init__(self, **settings):
            nn.Module.__init__(self)
            own = {place: settings.pop(place) for place in cls.replaceable if place in settings}
            own = {place: network for place, network in own.items() if network is not None}
            check_networks(cls, own)
            check_settings(cls, settings)
            store(self, **settings)
            self.register_buffer("anchor", torch.empty(0), persistent=False)
            self.spec, self.progress, self.asked, self.own_networks = None, 0.0, settings, own
            self.raw, self.history, self.trained = {}, [], {}

        __init__.__signature__ = _signature(cls, store)
        cls.__init__ = __init__
        cls.__doc__ = _documentation(cls, text)

    # --- what a paper says -------------------------------------------------------------------------------------------
    def build(self, spec: DataSpec) -> None:
        """Make the networks for this data as attributes; store nothing else of it. UserError if the data won't do."""
        raise NotImplementedError

    def players(self) -> dict[str, list[nn.Module]]:
        """Name -> modules whose parameters move together. No parameter belongs to two players."""
        raise NotImplementedError

    def turns(self) -> list[Turn]:
        """One round of play."""
        raise NotImplementedError

    def stages(self) -> list[Stage]:
        """Parts of training one after the other; by default one, of `turns()`."""
        return [Stage("play", self.turns())]

    def sample(self, n: int, *, seed: int | None = None, **conditions):
        """`n` new items in the data's own form and units."""
        raise NotImplementedError

    def read(self, data, **options) -> Dataset:
        """The data set that this game is played on; by default items one by one. Options: see `gansmith.data.read`."""
        dataset = read(data, **{"form": "items"} | options)
        if "real" not in dataset.fields:
            held = "pairs: use pix2pix or cyclegan" if dataset.fields else "nothing: give it data"
            raise DataError(f"{type(self).__name__} takes items and {dataset.name} holds {held}")
        return dataset.spec.as_numbers(dataset)

    def choose(self, spec: DataSpec, count: int | None = None) -> list[str]:
        """Fill the settings left at None from the data (`count` items of it); one line of reason for each."""
        return []

    def moved(self, player: str) -> None:
        """Called after each move of a player (WGAN clips its critic's weights here, BEGAN sets its k)."""

    def optimizer(self, player: str, parameters: list[Tensor]) -> torch.optim.Optimizer:
        """The player's optimiser over `parameters` (one flat tensor that holds all of them)."""
        return torch.optim.Adam(
            parameters, lr=self.learning_rate, betas=(self.beta1, self.beta2), fused=parameters[0].device.type != "mps"
        )

    def schedule(self, player: str, optimizer: torch.optim.Optimizer) -> None:
        """Called before each round: set the optimiser's values from `self.progress`. By default `decay` says how."""
        for group in optimizer.param_groups:
            start = group.setdefault("initial_lr", group["lr"])
            group["lr"] = start * (min(1.0, (1 - self.progress) / self.decay) if self.decay else 1.0)

    # --- what every game can do --------------------------------------------------------------------------------------
    def fit(
        self, data, *, steps: int | None = None, minutes: float | None = None, batch_size: int | None = None,
        seed: int = 0, out=None, overwrite: bool = False, device: str = "auto", precision: str = "auto",
        val: float = 0.05, micro_batches: int = 1, threads: int | None = None, record: bool = True, size=None,
        channels: int | None = None, labels="auto", reading: Mapping | None = None, start_from=None, on_failure="warn",
        diagnose: bool = True, evaluate: bool = True, patience: int | None = None, probes: Sequence[Callable] = (),
        watch: Callable | None = None, say: Callable[[str], None] | None = None, reasons: Sequence[str] = (),
    ) -> Game:  # fmt: skip
        """Train on `data` for so many `steps` or `minutes` and return self; calling it twice starts afresh.

        out  a folder for the run: log, samples, checkpoint, model.gan, report.html. For all else: `runs.train.fit`
        """
        options = {name: value for name, value in locals().items() if name not in ("self", "data")}
        return _above("runs.train").fit(self, data, **options)

    def save(self, path) -> None:
        """Write the game to ONE self-describing file that `gansmith.load` reads. See `training.modelfile`."""
        _above("training.modelfile").write(self, path)

    def refiner(self, real, **options):
        """A `gansmith.refine.Refiner` that chooses among this game's samples with its own discriminator: with its
        score, or with a fresh head on its last hidden layer where that tells held-out items better.
        real     held-out items in the data's units that no player was trained on (`gansmith.runs.data_of(run)[1]`)
        options  of `Refiner`: method, budget, label (of `real`, for a conditional game) …
        """
        own, discriminator = {"kind": self.score_kind}, getattr(self, "discriminator", None)
        if hasattr(discriminator, "features") and hasattr(self, "apply_in_batches"):
            own["features"] = lambda x: self.apply_in_batches(lambda x, label: discriminator.features(x), x)
        options["label"] = unmistakable(options.get("label"), self.spec.classes)
        return _above("refine").Refiner(self.sample, self.score_samples, real, **own | options)

    def settings(self) -> dict:
        """Name -> value of every setting."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def check_is_fitted(self) -> None:
        """NotFittedError unless the game was trained or loaded."""
        if self.spec is None:
            raise NotFittedError(f"{type(self).__name__} was never trained: call fit, or load a trained one")

    @property
    def device(self) -> torch.device:
        return self.anchor.device

    def __repr__(self) -> str:
        changed = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"

    @contextmanager
    def at_rest(self):
        """Eval mode and no gradients inside; every module's own mode restored after."""
        modes = {m: m.training for m in self.modules()}
        self.eval()
        try:
            with torch.no_grad():
                yield self
        finally:
            for module, mode in modes.items():
                module.training = mode

    def use_averages(self, averages: Mapping[str, nn.Module]) -> None:
        """Let the averaged networks take the names of the ones that moved, which stay in `self.raw`."""
        for name, module in averages.items():
            self.raw[name] = getattr(self, name)
            setattr(self, name, module)

    def copy(self, **changed) -> Game:
        """An untouched game with the settings that were given, but for those `changed`."""
        return type(self)(**copy.deepcopy(self.asked) | changed, **self.own_networks)

    def restart(self) -> None:
        """As it was made, before any training."""
        type(self).__init__(self, **self.asked, **self.own_networks)


dataclass(kw_only=True, eq=False, repr=False)(Game)  # __init_subclass__ sees to the children only


def _take_settings_as_attributes(cls: type[Game]) -> None:
    """Let a setting come from the first class of the method resolution order that declares it, as an attribute does.

    `dataclass` takes all that each base has, inherited or not, so that a mixin would bring back its own parents'
    defaults over those of the class that stands beside it.
    """
    own = inspect.get_annotations(cls)
    bases: list[Any] = [base for base in cls.__mro__[1:] if "__dataclass_fields__" in base.__dict__]
    for name in dict.fromkeys(name for base in bases for name in base.__dataclass_fields__ if name not in own):
        taken = next(base for base in bases if name in base.__dataclass_fields__).__dataclass_fields__[name]
        wanted = next(base for base in bases if name in inspect.get_annotations(base)).__dataclass_fields__[name]
        if wanted is not taken:
            cls.__annotations__[name] = wanted.type
            if wanted.metadata:
                setattr(cls, name, field(default=wanted.default, metadata=wanted.metadata))


def _signature(cls: type[Game], store: Callable) -> inspect.Signature:
    """That of the constructor: every setting with its default, and the networks that may be one's own."""
    signature = inspect.signature(store)
    networks = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in cls.replaceable]
    return signature.replace(parameters=[*signature.parameters.values(), *networks])


def _documentation(cls: type[Game], text: str | None) -> str:
    """What `help` shows: the one-line summary, the paper, the class's own text and its settings."""
    settings = "".join(f"\n    {f.name} = {f.default!r}: {f.metadata.get('meaning', '')}" for f in fields(cls))
    paper = f"{'' if 'paper' in vars(cls) else 'Of no paper of its own; it builds on '}{cls.paper}" * bool(cls.paper)
    return "\n\n".join(filter(None, [cls.summary, paper, inspect.cleandoc(text or ""), f"Settings:{settings}"]))


def check_settings(game: type[Game], settings: Mapping) -> None:
    """SettingError unless every setting exists, has the type of its default and lies in its range."""
    known = {f.name: f for f in fields(game)}
    for name, value in settings.items():
        if isinstance(value, nn.Module):
            raise SettingError(
                f"{game.__name__} takes no network as {name}=: its loss needs networks of its own making"
            )
        if name not in known:
            raise SettingError(
                f"{game.__name__} has no setting '{name}'.{nearest(name, known)} It has: {', '.join(sorted(known))}"
            )
        kinds, limits = setting_types(game, name), known[name].metadata
        if value is None and type(None) in kinds:
            continue
        if type(value) not in kinds and not (type(value) is int and float in kinds):
            wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
            raise SettingError(f"{game.__name__}({name}={value!r}): expected {wanted}: {limits.get('meaning', name)}")
        if limits.get("choices") and value not in limits["choices"]:
            allowed = ", ".join(map(str, limits["choices"]))
            raise SettingError(f"{game.__name__}({name}={value!r}): choose one of {allowed}")
        low, high = limits.get("minimum", -(2**31)), limits.get("maximum", 2**31)
        if isinstance(value, (int, float)) and not low <= value <= high:  # NaN, too
            span = f"between {low} and {high}" if value >= low or high < 2**31 else f"at least {low}"
            raise SettingError(f"{game.__name__}({name}={value!r}): must be {span}")


def check_networks(game: type, networks: dict) -> None:
    """SettingError unless the networks that a constructor is given are modules that share no weights."""
    for place, network in networks.items():
        if not isinstance(network, nn.Module):
            hint = f": make one, {network.__name__}()" if isinstance(network, type) else ""
            raise SettingError(f"{game.__name__}({place}={network!r}): expected an nn.Module{hint}")
    seen: dict[int, str] = {}
    for place, network in networks.items():
        for parameter in network.parameters():
            other = seen.setdefault(id(parameter), place)
            if other != place:
                raise SettingError(f"{game.__name__}: {other} and {place} share weights, and each must have its own")


def setting_types(game: type[Game], name: str) -> tuple[type, ...]:
    """The types a setting takes, such as (float, NoneType), from its annotation."""
    hint = get_type_hints(game)[name]
    return get_args(hint) or (hint,)


# --- seeing without touching -----------------------------------------------------------------------------------------
_seen: dict | None = None


def observe(name: str, value: Tensor | float | Callable[[], Tensor | float]) -> None:
    """Report something that should be seen but not minimised (scores, an accuracy, a gate). Never changes a result.

    What takes work to compute is given as a function, called only when somebody looks.
    """
    if _seen is not None:
        with torch.no_grad():
            value = value() if callable(value) else value
        _seen[name] = value.detach() if isinstance(value, Tensor) else value


def observed() -> bool:
    """Whether somebody looks now."""
    return _seen is not None


@contextmanager
def observing(seen: dict | None):
    """Collect what losses `observe` into `seen`; None looks away, at no cost."""
    global _seen
    before, _seen = _seen, seen
    try:
        yield seen
    finally:
        _seen = before


def _above(module: str):
    # `fit` and `save` stand above the contract: found by name when called, so that it depends on nothing above it
    return importlib.import_module(f"gansmith.{module}")
