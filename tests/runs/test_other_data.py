"""A run goes on with data that changed, if that is asked for; another begins with the weights of one that ended."""

import json

import numpy as np
import pandas
import pytest
import torch

import gansmith as gs
from gansmith.cli import main as cli
from gansmith.data.kinds.images import smooth
from gansmith.distributed.ranks import Ranks
from gansmith.gans.base import TwoPlayer
from gansmith.runs.options import Options
from gansmith.runs.start_from import layers, told
from gansmith.runs.train import make_state
from gansmith.testing import assert_same

HOW = {"precision": "fp32", "evaluate": False, "diagnose": False}


def pictures(n, side=8, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (n, side, side, 3), dtype=np.uint8)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", x=pictures(40), labels=np.array(["a", "b"] * 20))
    gs.DCGAN(width=4, conditional=True).fit("x.npz", steps=2, out="run", **HOW)
    return tmp_path / "run"


def test_changed_data_is_taken_if_that_is_asked_for(run):
    np.savez("x.npz", x=pictures(50, 12), labels=np.array(["b", "a"] * 25))
    with pytest.raises(gs.UserError, match="40 pictures then, 50 now.*--accept-changed-data"):
        gs.resume(run, steps=3)
    assert cli.main(["resume", "run", "--steps", "3", "-q", "--accept-changed-data"]) == 0
    about = json.loads((run / "settings.json").read_text())
    assert about["items"] == 50 and gs.load(run).trained["rounds"] == 3
    gs.resume(run, steps=4)  # from here on this is its data


def test_data_of_another_form_is_refused(run):
    for items, labels, says in (
        (pictures(40, seed=1), ["a", "c"], "classes that are new: c. Known are a, b"),
        (np.random.default_rng(0).normal(size=(40, 3)), ["a", "b"], "holds 40 rows of 3 numbers|are for pictures"),
    ):
        np.savez("x.npz", x=items, labels=np.array(labels * 20))
        with pytest.raises(gs.UserError, match=says):
            gs.resume(run, steps=3, accept_changed_data=True)
    np.savez("x.npz", x=pictures(30), labels=np.array(["b"] * 30))
    assert gs.resume(run, steps=3, accept_changed_data=True).spec.classes == ("a", "b")


def test_rows_are_added_to_a_table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"x": rng.normal(size=80).round(2), "k": rng.choice(["u", "v"], 80)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    gs.CTGAN(width=8, latent=4).fit(tmp_path / "t.csv", steps=2, out=tmp_path / "run", **HOW)
    pandas.concat([frame, frame[:20]]).to_csv(tmp_path / "t.csv", index=False)
    assert gs.resume(tmp_path / "run", steps=3, accept_changed_data=True).trained["rounds"] == 3
    pandas.concat([frame, pandas.DataFrame({"x": [1.0], "k": ["w"]})]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(gs.UserError, match="column 'k' holds 'w', which no row of the table had"):
        gs.resume(tmp_path / "run", steps=4, accept_changed_data=True)


def test_training_starts_with_the_weights_of_another_run(run):
    old, place = gs.load(run), torch.device("cpu")
    np.savez("y.npz", x=pictures(40, 12, 1), labels=np.array(["p", "q"] * 20))
    assert cli.main(["train", "y.npz", "--start-from", "run", "--steps", "1", "--out", "new", "-q"]) == 0
    new = gs.load("new")
    assert new.name == "dcgan" and new.width == 4 and new.spec.shape == (3, 8, 8) and new.spec.classes == ("p", "q")
    assert "starts with the weights of run" in json.loads((run.parent / "new/settings.json").read_text())["reasons"]
    game = gs.DCGAN(width=4, conditional=True)
    game.choose(old.spec, 40)
    state = make_state(game, gs.read("y.npz", size=8), Options(val=0.0), place, Ranks(place), old)
    assert_same(state.game.generator.state_dict(), old.generator.state_dict(), "the weights are others")


def test_weights_that_do_not_fit_are_refused(run):
    with pytest.raises(gs.UserError, match="holds dcgan, and this is wgan-gp"):
        gs.WGANGP().fit("x.npz", steps=1, start_from=run, **HOW)
    with pytest.raises(gs.UserError, match="does not fit: .* 8 × 8, 3 channels, 2 classes"):
        gs.DCGAN(width=8, conditional=True).fit("x.npz", steps=1, start_from=run, **HOW)
    with pytest.raises(gs.UserError, match="start_from is a int"):
        gs.DCGAN().fit("x.npz", steps=1, start_from=3)
    assert cli.main(["train", "x.npz", "--init", "nowhere", "--steps", "1"]) == 2


def test_classes_that_are_lost_or_renamed_are_said_to_be(run):
    old, data = gs.load(run), gs.read((pictures(40), np.array(["p", "q"] * 20)))
    lines = told(run, old, gs.DCGAN(width=4, conditional=True), data)
    assert lines == [f"starts with the weights of {run}", "classes a, b become p, q, in this order"]
    lines = told(old, old, gs.DCGAN(width=4), data)
    assert lines[1:] == ["conditional False, as there: that p, q are 2 classes is not learned"]


def test_frozen_layers_of_d_keep_the_weights_they_came_with(run, tmp_path):
    data = pictures(40, 8, 1), np.array(["a", "b"] * 20)
    game = gs.DCGAN(width=4, conditional=True, freeze=1)
    game.fit(data, steps=2, start_from=run, out=tmp_path / "new", batch_size=16, **HOW)
    state = make_state(gs.load(tmp_path / "new"), gs.read(data), Options(val=0.0), torch.device("cpu"), Ranks())
    assert not any(p.requires_grad for p in layers(state.game.discriminator)[0])  # of a run that is resumed, too
    old, new = layers(gs.load(run).discriminator), layers(gs.load(tmp_path / "new").discriminator)
    assert all(torch.equal(*pair) for pair in zip(old[0], new[0], strict=True))
    assert not any(torch.equal(one[0], other[0]) for one, other in zip(old[1:], new[1:], strict=True))
    for settings, start, says in (
        ({"freeze": 1}, None, "freeze=1 keeps layers of D as a trained model has them: give start_from"),
        ({"freeze": 9}, run, "freeze=9: D has 3 layers with weights, of which one must learn"),
    ):
        with pytest.raises(gs.UserError, match=says):
            gs.DCGAN(width=4, conditional=True, **settings).fit("x.npz", steps=1, start_from=start, **HOW)


@pytest.mark.parametrize("name", [name for name, game in gs.GAMES.items() if issubclass(game, TwoPlayer)])
def test_the_first_layers_of_d_are_those_that_pictures_go_through_first(name):
    try:
        game = gs.GAMES[name](width=16)
        data = game.read(smooth((3, 16, 16)))
        state = make_state(game, data, Options(val=0.0, batch_size=8), torch.device("cpu"), Ranks())
    except gs.UserError:
        pytest.skip("makes no pictures")
    held = layers(game.discriminator)
    owners = {id(next(m.parameters())): m for m in game.discriminator.modules() if [*m.parameters()]}  # the innermost
    went = []
    for layer in held:
        owners[id(layer[0])].register_forward_pre_hook(lambda _, __, layer=layer: went.append(layer))
    batch = state.data.batch(torch.arange(8))
    for turn in game.turns():
        turn.loss(batch)
    first = list(dict.fromkeys(map(id, went)))[:3]
    assert first == [id(layer) for layer in held[: len(first)]] and len(first) > 1


def test_generators_of_volumes_begin_with_the_mean_volume():
    cells = np.zeros((30, 1, 8, 8, 8), bool)
    cells[:, 0, :2] = True
    cells[::2, 0, 7, 7, 7] = True
    state = make_state(gs.GAN3D(width=2), gs.read(cells), Options(steps=1, val=0.0), torch.device("cpu"), Ranks())
    first = state.game.generator.output(torch.zeros(1, 1, 8, 8, 8))[0]
    torch.testing.assert_close(first[0, :2], torch.full((2, 8, 8), 0.99))
    assert abs(first[0, 7, 7, 7]) < 1e-6 and first[0, 5, 5, 5] < -0.98
