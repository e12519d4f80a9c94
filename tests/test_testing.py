"""The checker is checked: a game that keeps the contract passes, and each one broken on purpose fails its check."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.game import Game, Turn, observe, setting
from gansmith.testing import CHECKS, check_game, checks, made_up

DATA = [made_up((5,))]


class Good(Game):
    """Two layers against two layers on vectors, with a buffer that remembers."""

    latent: int = setting(3, "numbers of noise")

    def build(self, spec):
        self.generator = nn.Sequential(nn.Linear(self.latent, 8), nn.Tanh(), nn.Linear(8, *spec.shape))
        self.discriminator = nn.Sequential(nn.Linear(*spec.shape, 8), nn.Tanh(), nn.Linear(8, 1))
        self.register_buffer("seen", torch.zeros(()))

    def players(self):
        return {"discriminator": [self.discriminator], "generator": [self.generator]}

    def turns(self):
        return [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]

    def fake(self, batch):
        return self.generator(torch.randn(len(batch), self.latent))

    def discriminator_loss(self, batch):
        self.seen = self.seen + batch.real.mean()
        real, fake = self.discriminator(batch.real), self.discriminator(self.fake(batch))
        observe("discriminator/real", real)
        return {"real": (real - 1).square().mean(), "fake": fake.square().mean()}

    def generator_loss(self, batch):
        return {"fake": (self.discriminator(self.fake(batch)) - 1).square().mean()}

    def sample(self, n, *, seed=None):
        seed = int(torch.randint(2**63 - 1, ())) if seed is None else seed
        with self.at_rest():
            return self.spec.to_data(self.generator(self.noise(n, torch.Generator().manual_seed(seed))))

    def noise(self, n, rng):
        return torch.randn(n, self.latent, generator=rng)


def test_a_game_that_keeps_the_contract_passes():
    check_game(Good, data=DATA, latent=2)


def test_every_check_can_be_run_and_selected_by_its_name():
    found = dict(checks(Good, data=DATA))
    assert list(found) == list(CHECKS)
    found["losses_are_finite"]()
    with pytest.raises(ValueError, match="no check is called resume; there are: settings_are_stored, "):
        check_game(Good, only="resume")


# --- games broken on purpose, each with the check that it must fail --------------------------------------------------
class DeadLayer(Good):
    def build(self, spec):
        super().build(spec)
        self.generator[0].register_parameter("scale", nn.Parameter(torch.ones(8)))


class DeadForGood(Good):
    def build(self, spec):
        super().build(spec)
        self.generator[0].weight.data.fill_(1e3)  # its tanh is flat everywhere


class IgnoresReals(Good):
    def discriminator_loss(self, batch):
        return super().discriminator_loss(batch) | {"real": (self.discriminator(self.fake(batch)) - 1).square().mean()}


class LooksOnlyAtTheSizeOfReals(Good):
    def discriminator_loss(self, batch):
        return super().discriminator_loss(batch) | {"real": self.discriminator(torch.ones_like(batch.real)).mean()}


class GlobalDraw(Good):
    def noise(self, n, rng):
        return torch.randn(n, self.latent, generator=rng) + 0 * torch.rand(1)


class UnseededSample(Good):
    def noise(self, n, rng):
        return torch.from_numpy(np.random.default_rng().standard_normal((n, self.latent)).astype(np.float32))


class ReseedsTorch(Good):
    def sample(self, n, *, seed=None):
        return super().sample(n, seed=torch.seed() % 2**63 if seed is None else seed)


class LeftInEvalMode(Good):
    def sample(self, n, *, seed=None):
        self.eval()
        return super().sample(n, seed=seed)


class SampleChangesState(Good):
    def sample(self, n, *, seed=None):
        self.seen += 1
        return super().sample(n, seed=seed)


class ObservationDraws(Good):
    def discriminator_loss(self, batch):
        observe("noise", lambda: torch.rand(1))
        return super().discriminator_loss(batch)


class HiddenState(Good):
    def discriminator_loss(self, batch):
        self.hidden = getattr(self, "hidden", 0.0) + 1.0
        terms = super().discriminator_loss(batch)
        return terms | {"real": terms["real"] * self.hidden}


class SharedParameter(Good):
    def players(self):
        return super().players() | {"generator": [self.generator, self.discriminator[0]]}


class ForgottenModule(Good):
    def players(self):
        return super().players() | {"generator": [self.generator[0]]}


class NoMeaning(Good):
    depth: int = 3


class TakesAnything(Good):
    pass


TakesAnything.__init__ = lambda self, **settings: Good.__init__(self)


class StoresSomethingElse(Good):
    def __init__(self, latent=3):
        super().__init__(latent=latent + 1)


class NetworksTooEarly(Good):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.generator = nn.Linear(2, 2)


class NotFinite(Good):
    def generator_loss(self, batch):
        return {"fake": super().generator_loss(batch)["fake"] / 0.0}


class MovesAnother(Good):
    def moved(self, player):
        with torch.no_grad():
            self.discriminator[0].bias += 1.0


class WrongForm(Good):
    def sample(self, n, *, seed=None):
        return super().sample(n, seed=seed).astype(np.float64)


class NotSaved(Good):
    def sample(self, n, *, seed=None):
        return super().sample(n, seed=seed) + getattr(self, "shift", 0.0)

    def moved(self, player):
        self.shift = 1.0


class RefusesItsData(Good):
    def build(self, spec):
        raise gs.UserError("pictures only")


BROKEN = {
    DeadLayer: ("every_parameter_is_reached", "generator.0.scale"),
    DeadForGood: ("every_parameter_is_reached", "generator.0.weight"),
    IgnoresReals: ("discriminators_look_at_real_data", "never looks at real data"),
    LooksOnlyAtTheSizeOfReals: ("discriminators_look_at_real_data", "never looks at real data"),
    GlobalDraw: ("sampling_leaves_no_trace", "global generator"),
    UnseededSample: ("sampling_leaves_no_trace", "differs for the same seed"),
    ReseedsTorch: ("samples_without_a_seed_follow_torch", "does not repeat"),
    LeftInEvalMode: ("sampling_leaves_no_trace", "in another mode"),
    SampleChangesState: ("sampling_leaves_no_trace", "changes the game"),
    ObservationDraws: ("observing_changes_nothing", "observing changed the game"),
    HiddenState: ("resuming_is_exact", "not exact"),
    SharedParameter: ("players_own_their_parameters", "two players"),
    ForgottenModule: ("players_own_their_parameters", "generator.2.weight, generator.2.bias"),
    NoMeaning: ("settings_have_a_meaning", "depth has no meaning"),
    TakesAnything: ("unknown_settings_are_refused", "does not exist"),
    StoresSomethingElse: ("settings_are_stored", "stores 3"),
    NetworksTooEarly: ("settings_are_stored", "leave that to build"),
    NotFinite: ("losses_are_finite", "generator/fake is inf"),
    MovesAnother: ("a_move_changes_its_movers_only", "generator's move changed discriminator"),
    WrongForm: ("samples_have_the_form_of_the_data", "float64"),
    NotSaved: ("a_saved_model_samples_the_same", "samples differently"),
    RefusesItsData: ("some_data_is_accepted", "refuses its own data: pictures only"),
}


@pytest.mark.parametrize("game", BROKEN, ids=lambda game: game.__name__)
def test_a_broken_game_fails_the_check_that_it_should(game):
    name, says = BROKEN[game]
    with pytest.raises(AssertionError, match=says):
        check_game(game, only=name, data=DATA, latent=2)


def test_every_check_has_a_game_that_fails_it():
    assert {name for name, _ in BROKEN.values()} == CHECKS.keys()


def test_one_check_can_be_left_out():
    check_game(GlobalDraw, data=DATA, skip="sampling_leaves_no_trace")


def test_what_no_gradient_reaches_can_be_declared_with_a_reason():
    class Declared(DeadLayer):
        unreached: ClassVar[dict] = {"generator.*.scale": "kept for files of another version"}

    check_game(Declared, data=DATA)
