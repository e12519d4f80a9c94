"""DTN: three answers of D, f frozen to the bit, constancy after another look, labels of the source only."""

from math import log

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith as gs
from gansmith.errors import UserError
from gansmith.gans.dtn import named, rough
from gansmith.networks.transfer import Content, TernaryDiscriminator
from gansmith.testing import begin
from gansmith.testing.play import moves

SMALL = {"width": 4}


def pictures(n=24, side=8, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, channels, side, side), np.uint8)


@pytest.fixture(scope="module")
def data():
    return gs.read(((pictures(channels=3), np.arange(24) % 3), pictures(30, seed=1)), form="domains")


def test_labels_come_with_the_source_and_stay_with_it(data):
    assert data.spec.of("source").classes == ("0", "1", "2") and not data.spec.classes
    index = torch.arange(len(data))
    for part in (data, *data.split(0.25)):
        at = part.at(index[: len(part)], "source_label")
        assert torch.equal(at, part.at(index[: len(part)], "source"))
        assert torch.equal(part.batch(index[: len(part)]).source_label, torch.from_numpy(np.arange(24) % 3)[at])


def test_classes_are_the_folders_below_the_source(tmp_path):
    for name in ("A/cat/1", "A/dog/2", "A/dog/3", "B/4", "B/5"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures(1)[0, 0]).save(tmp_path / f"{name}.png")
    found = gs.DTN().read(tmp_path)
    assert found.spec.of("source").classes == ("cat", "dog") and found.fields["source_label"].tolist() == [0, 1, 1]
    assert "source_label" not in gs.CycleGAN().read(tmp_path).fields  # as before


def test_sources_without_classes_are_refused():
    with pytest.raises(UserError, match="the source needs classes: give A/cat"):
        gs.DTN(**SMALL).fit(gs.read((pictures(), pictures()), form="domains"), steps=1)


def test_named_is_the_cross_entropy_of_an_answer():
    assert named(torch.zeros(5, 3), 1).item() == pytest.approx(log(3))
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert named(logits, 2).item() == pytest.approx(
        torch.nn.functional.cross_entropy(logits, torch.full((5,), 2)).item()
    )


def test_rough_is_the_mean_square_of_neighbours_differences():
    ramp = torch.arange(4.0).expand(2, 1, 3, 4)
    assert rough(ramp).item() == 1 and rough(torch.ones(1, 1, 4, 4)).item() == 0


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 17, 23)])
def test_networks_take_any_size_and_either_number_of_channels(shape):
    assert TernaryDiscriminator(shape, 4)(torch.zeros(2, *shape)).shape == (2, 3)
    f = Content(shape, 4).eval()
    grey = torch.rand(2, 1, *shape[1:])
    assert f(grey).shape == (2, 8) and torch.equal(
        f(grey.expand(-1, 3, -1, -1)).round(decimals=4), f(grey).round(decimals=4)
    )


def test_f_is_frozen_to_the_bit_and_learns_before(data):
    state = begin(gs.DTN, data, SMALL, 0)
    state.game.train()
    kept, seen = None, []
    for turn, batch, _ in moves(state):  # noqa: B007
        now = {name: value.clone() for name, value in state.game.content.state_dict().items()}
        if turn.player == "content":
            kept = now
        else:
            seen.append(turn.player)
            assert all(torch.equal(kept[name], value) for name, value in now.items())
    assert seen == ["discriminator", "generator"]
    assert torch.equal(state.game.f(batch.source), state.game.f(batch.source)) and state.game.content.training


def test_terms_follow_their_weights(data):
    def terms(**settings):
        played = list(moves(begin(gs.DTN, data, SMALL | settings, 0)))
        return {name.removeprefix("generator/"): float(value) for name, value in played[-1][2].items()}

    plain, other = terms(), terms(constancy=30.0, identity=0.0, smoothness=1.0)
    assert other["constancy"] == pytest.approx(2 * plain["constancy"], rel=1e-4) and other["identity"] == 0
    assert "smoothness" not in plain and other["smoothness"] > 0


def test_translate_is_g_of_f(data):
    game = gs.DTN(**SMALL).fit(data, steps=6, batch_size=8, val=0, diagnose=False, evaluate=False)
    x = pictures(5, channels=3, seed=3)
    made = game.translate(x)
    assert made.shape == (5, 1, 8, 8) and made.dtype == np.uint8
    with game.at_rest():
        by_hand = game.generator(game.content(game.spec.of("source").to_network(torch.from_numpy(x))))
    assert np.array_equal(made, game.spec.to_data(by_hand))
    assert game.redraw(pictures(3)).shape == (3, 1, 8, 8)
