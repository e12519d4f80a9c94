"""Networks of your own: in every GAN of noise, trained, saved, resumed and loaded; what cannot work is said at once."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.errors import SettingError
from gansmith.gans import GAMES
from gansmith.gans.own_networks import MissingPart, OwnNetwork
from gansmith.testing import played_on

HOW = {"steps": 4, "batch_size": 16, "precision": "fp32"}
LATENT = 8


def generator(out=(1, 8, 8), latent=LATENT):
    return nn.Sequential(
        nn.Linear(latent, 16), nn.ReLU(), nn.Linear(16, int(np.prod(out))), nn.Tanh(), nn.Unflatten(1, out)
    )


def discriminator(out=1):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.LeakyReLU(0.2), nn.Linear(16, out))


class Conditional(nn.Module):
    """Takes labels beside its items."""

    def __init__(self, body, inputs):
        super().__init__()
        self.names, self.body, self.inputs = nn.Embedding(10, inputs), body, inputs

    def forward(self, x, label):
        return self.body(torch.cat([x.flatten(1), self.names(label)], 1))


@pytest.mark.parametrize("name", [name for name, game in GAMES.items() if game.replaceable])
def test_every_gan_of_noise_takes_them(name):
    """Whatever a paper asks of its networks: here copies of those that it has built, given as somebody else's."""
    game, small = GAMES[name], {"width": 16 if name == "gan" else 4}
    data = played_on(game, **small)
    built = game(**small)
    built.choose(data.spec, len(data))
    built.build(data.spec)
    own = {place: copy.deepcopy(getattr(built, place)) for place in game.replaceable if hasattr(built, place)}
    before = {place: torch.cat([p.detach().flatten() for p in net.parameters()]) for place, net in own.items()}
    gan = game(**small, **own).fit(data, **HOW | {"steps": 2})
    for place, network in own.items():
        assert type(gan.raw.get(place, getattr(gan, place))).__name__ in ("OwnNetwork", "Packed")
        assert torch.equal(before[place], torch.cat([p.detach().flatten() for p in network.parameters()])), "a copy"
    assert gan.sample(3, seed=0).shape[0] == 3


@pytest.mark.parametrize("settings", [{}, {"packing": 2}, {"r1": 1.0, "spectral_norm": True}, {"lecam": 0.1}])
def test_any_module_plays_with_the_loss_and_the_remedies_of_a_paper(settings):
    if settings.get("packing"):
        body = nn.Sequential(nn.Flatten(), nn.Linear(128, 1))
    else:
        body = discriminator()
    gan = gs.LSGAN(latent=LATENT, generator=generator(), discriminator=body, **settings).fit("digits", **HOW)
    assert gan.sample(5, seed=0).shape == (5, 1, 8, 8) and len(gan.history)
    assert isinstance(gan.generator.network[0], nn.Linear)
    if not settings.get("packing"):
        assert gan.score_samples(gan.sample(5, seed=0)).shape == (5,)


def test_one_of_the_two_is_enough_and_training_moves_it():
    own = generator()
    gan = gs.WGANGP(latent=LATENT, width=4, generator=own)
    one = gan.fit("digits", **HOW).sample(4, seed=0)
    two = gan.fit("digits", **HOW).sample(4, seed=0)
    assert np.array_equal(one, two), "fit twice begins anew"
    assert not torch.equal(gan.raw["generator"].network[0].weight, own[0].weight)


def test_labels_are_given_to_who_takes_them():
    own = {
        "generator": Conditional(generator(latent=2 * LATENT), LATENT),
        "discriminator": Conditional(nn.Sequential(nn.Linear(128, 1)), 64),
    }
    gan = gs.LSGAN(latent=LATENT, conditional=True, **own).fit("digits", **HOW)
    assert gan.sample(3, label=7, seed=0).shape == (3, 1, 8, 8)
    with pytest.raises(SettingError, match="second argument"):
        gs.LSGAN(latent=LATENT, conditional=True, generator=generator()).fit("digits", **HOW)


def test_what_is_frozen_stays_as_it_is():
    own = discriminator()
    own[1].requires_grad_(False)
    gan = gs.LSGAN(latent=LATENT, width=4, discriminator=own).fit("digits", **HOW)
    assert torch.equal(gan.discriminator.network[1].weight, own[1].weight)
    assert not torch.equal(gan.discriminator.network[3].weight, own[3].weight)


def test_a_run_keeps_their_names_and_goes_on_with_networks_given_again(tmp_path):
    own = {"generator": generator(), "discriminator": discriminator()}
    whole = gs.LSGAN(latent=LATENT, **own).fit("digits", out=tmp_path / "whole", evaluate=False, **HOW)
    gs.LSGAN(latent=LATENT, **own).fit("digits", out=tmp_path / "run", evaluate=False, **HOW | {"steps": 2})
    about = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert about["networks"] == dict.fromkeys(own, "torch.nn.modules.container.Sequential")
    others = {"generator": generator(), "discriminator": discriminator()}  # other weights: those of the file count
    resumed = gs.resume(tmp_path / "run", steps=4, **others)
    assert np.array_equal(resumed.sample(4, seed=0), whole.sample(4, seed=0))
    assert np.array_equal(gs.load(tmp_path / "run", **others).sample(4, seed=0), whole.sample(4, seed=0))
    for again in (gs.load, gs.resume):
        with pytest.raises(gs.UserError, match=r"pass such networks again.*generator=…, discriminator=…"):
            again(tmp_path / "run")
    with pytest.raises(gs.UserError, match="does not fit"):
        gs.load(tmp_path / "run", **others | {"generator": nn.Sequential(generator())})
    whole = gs.LSGAN(latent=LATENT).fit("digits", **HOW)
    whole.save(tmp_path / "x.gan")
    with pytest.raises(gs.UserError, match="the paper's own generator: leave generator= out"):
        gs.load(tmp_path / "x.gan", generator=generator())


@pytest.mark.parametrize(
    "own, says",
    [
        ({"generator": generator(latent=9)}, r"cannot take noise of shape \(2, 8\).*set latent="),
        (
            {"generator": nn.Sequential(nn.Linear(LATENT, 64))},
            r"returned \(2, 64\), expected \(2, 1, 8, 8\).*Unflatten",
        ),
        ({"generator": nn.ConvTranspose2d(LATENT, 1, 8)}, r"begin it with nn.Unflatten\(1, \(8, 1, 1\)\)"),
        ({"discriminator": discriminator(3)}, r"returned \(2, 3\), expected \(2,\)"),
        ({"discriminator": nn.Conv2d(1, 1, 4)}, r"returned \(2, 1, 5, 5\), expected \(2,\)"),
        ({"discriminator": nn.Sequential(*discriminator(), nn.Sigmoid())}, "ends in a Sigmoid"),
        ({"discriminator": nn.Flatten()}, "no parameters to train"),
        ({"generator": nn.Linear}, r"expected an nn.Module: make one, Linear\(\)"),
        ({"generator": 3}, "expected an nn.Module"),
        (dict.fromkeys(("generator", "discriminator"), nn.Linear(2, 2)), "share weights"),
        ({"encoder": nn.Linear(2, 2)}, "takes no network as encoder="),
    ],
)
def test_what_cannot_work_is_said_in_one_line_before_training(own, says):
    with pytest.raises(SettingError, match=says) as refusal:
        gs.LSGAN(latent=LATENT, width=4, **own).fit("digits", **HOW)
    assert "\n" not in str(refusal.value)


def test_what_a_loss_asks_of_the_network_beyond_its_answer_is_named():
    own = OwnNetwork(discriminator(), "discriminator", True)
    assert not hasattr(own, "features") and len(own.network) == 4
    with pytest.raises(MissingPart, match="discriminator=Sequential.* has no 'features'"):
        own.features(torch.zeros(1))
    with pytest.raises(SettingError, match="has no"):
        gs.LSGAN(latent=LATENT, width=4, minibatch="deviation", discriminator=discriminator()).fit("digits", **HOW)


def test_a_game_without_noise_takes_none():
    with pytest.raises(SettingError, match="CycleGAN takes no network as generator="):
        gs.CycleGAN(generator=nn.Linear(2, 2))
