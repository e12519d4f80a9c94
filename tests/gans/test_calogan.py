"""CaloGAN: energies exact to what it says, conditions kept, attention and its terms in closed form."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.showers import Showers
from gansmith.data.toys import ToyShowers
from gansmith.data.write import write_samples
from gansmith.errors import DataError, UserError
from gansmith.gans.calogan import between, energy_distance, marginal_distance
from gansmith.networks.calorimeter import Scale, ShowerGenerator
from gansmith.runs.start_from import begin_with_mean
from gansmith.testing.play import begin


@pytest.fixture(scope="module")
def layers():
    return Showers.example(n=80)[0]


@pytest.fixture(scope="module")
def trained(layers):
    return gs.CaloGAN(width=4, latent=8).fit(layers, steps=6, batch_size=16, val=0, diagnose=False)


def test_the_energy_is_the_response_s_share_of_what_is_asked(trained, layers):
    """Exact by construction: within the data's responses, to what layers below the threshold lose and rounding."""
    form, asked = layers.spec, np.linspace(*np.array(layers.spec.quantiles)[[0, -1]], 200)
    made = trained.sample(200, seed=0, energy=asked)
    found, lost = made[:, 1:].sum(1, dtype=np.float64), 2 * form.threshold
    np.testing.assert_allclose(made[:, 0], asked, rtol=1e-5)
    assert (found <= form.response[1] * asked * (1 + 1e-4)).all()
    assert (found >= form.response[0] * asked * (1 - 1e-4) - lost).all()
    cells = made[:, 1:]
    assert (cells >= 0).all() and (cells == 0).any() and cells[cells > 0].min() >= 0.998 * form.threshold


def test_what_the_head_says_is_what_the_cells_hold(trained):
    """R and the shares of a head that is fixed: layers hold 1/4 and 3/4 of 0.9 of the energy."""
    made = trained.generator
    head, made.response = made.head[-1], (0.8, 1.0)
    kept = {k: v.clone() for k, v in head.state_dict().items()}
    with torch.no_grad(), trained.at_rest():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([0.0, 0.0, np.log(3.0)]))
        x = trained.spec.to_data(made(trained.latents(50, torch.Generator().manual_seed(0))))
    head.load_state_dict(kept)
    made.response = trained.spec.response
    first, second = x[:, 1:13].sum(1), x[:, 13:].sum(1)
    np.testing.assert_allclose(first, 0.9 / 4 * x[:, 0], rtol=2e-4)
    np.testing.assert_allclose(second, 0.9 * 3 / 4 * x[:, 0], rtol=2e-4)


def test_the_energy_term_and_images_without_particles(trained, layers):
    batch = layers.batch(torch.arange(16))
    response = trained.response(batch.real, trained.energy_of(batch.real))
    x = layers.raw(np.arange(16))
    np.testing.assert_allclose(response, x[:, 1:].sum(1) / x[:, 0], rtol=1e-4)
    game = gs.CaloGAN(width=4, latent=8, energy_weight=2.0)
    game.build(layers.spec)
    game.response = lambda fake, asked: torch.tensor([0.9, 1.3])
    assert float(game.generator_loss(batch)["energy"]) == pytest.approx(2 * (0.1 + 0.3) / 2)
    image = Showers.example()[1]
    one = gs.CaloGAN(width=4, latent=8).fit(image, steps=2, batch_size=16, val=0, diagnose=False)
    assert one.generator.head is None
    np.testing.assert_allclose(one.sample(9, seed=0, energy=100.0).sum(1), 100, rtol=1e-4)


def test_distances_in_closed_form_and_without_bias():
    x, y = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [5.0]])
    wanted = 2 * (1 + 5 + 1 + 3) / 4 - 2 - 4
    assert float(marginal_distance(x, y)) == pytest.approx(wanted)
    assert float(energy_distance(x, y)) == pytest.approx(wanted, abs=1e-3)
    rng = torch.Generator().manual_seed(0)
    alike = [marginal_distance(*torch.randn(2, 8, 50, generator=rng)) for _ in range(60)]
    assert abs(float(torch.stack(alike).mean())) < 0.005
    assert float(marginal_distance(torch.randn(99, 3), 1 + torch.randn(99, 3))) > 0.2


def test_energies_that_the_data_did_not_show_are_refused(trained):
    for wrong in (1e4, 0.001, [5.0, 6.0], float("nan")):
        with pytest.raises(UserError, match="trained on|give one number"):
            trained.sample(3, seed=0, energy=wrong)


def test_energies_are_drawn_as_in_the_data(trained, layers):
    asked = trained.sample(2000, seed=1)[:, 0]
    assert np.quantile(asked, [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(layers.raw(range(80))[:, 0], [0.1, 0.5, 0.9]), rel=0.2
    )
    knots, place = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.0, 0.5, 1.5, 2.0])
    assert between(knots, place, smooth=True).tolist() == [1, 1.5, 3, 4]
    assert between(knots, place, smooth=False).tolist() == [1, 1, 2, 2]


def test_layers_are_painted_from_the_one_before_as_attention_says(trained):
    made = trained.generator
    told, noise = torch.randn(3, 8 + 2), torch.randn(3, 28)
    with torch.no_grad(), trained.at_rest():
        own = made.streams[1](told, noise[:, 12:].unflatten(1, (1, 4, 4))).flatten(1)
        layer = made.attention[0]
        kept = layer.bias.clone()
        layer.bias[..., 1] = -100.0  # its own alone
        alone = made.painted(told, noise)
        layer.bias[..., 1] = 100.0  # what was before alone
        before = made.painted(told, noise)
        layer.bias.copy_(kept)
    torch.testing.assert_close(alone[1], own)
    wanted = torch.nn.functional.adaptive_avg_pool2d(alone[0].unflatten(1, (1, 2, 6)), (4, 4)).flatten(1)
    torch.testing.assert_close(before[1], wanted)


def test_minibatch_discrimination_sees_that_all_are_alike(trained, layers):
    """The control: one shower 16 times gets other features than 16 showers, in training."""
    judge, batch = trained.discriminator, layers.batch(torch.arange(16)).real
    judge.train()
    with torch.no_grad():
        many, same = (
            judge.shapes_alike.statistic(torch.randn(1, k, judge.shapes.outputs).expand(1, 16, -1)).mean()
            for k in (16, 1)
        )
        judge.features(batch)
    judge.eval()
    assert same > many + 1


def test_it_plays_on_showers_only_and_others_play_on_showers(layers):
    with pytest.raises(DataError, match="makes showers of energies in layers"):
        gs.CaloGAN().fit("ring8", steps=1)
    made = gs.WGANGP(width=8).fit(layers, steps=1, batch_size=16, val=0, diagnose=False).sample(4, seed=0)
    assert made.shape == (4, 29) and (made >= 0).all()


@pytest.mark.slow
def test_it_learns_the_layers_of_the_toy_and_the_response():
    data = gs.read(ToyShowers(layers=((2, 6), (4, 4)), depths=(0.0, 6.0, 20.0)).sample(4000))
    gan = gs.CaloGAN(width=8, learning_rate=1e-3).fit(data, steps=800, batch_size=64, val=0, seed=0, diagnose=False)
    made, real = gan.sample(2000, seed=0), data.raw(np.arange(2000))
    energy, found = made[:, 0], made[:, 1:].sum(1)
    assert 0.9 < (found / energy).mean() < 1.1 and np.corrcoef(energy, found)[0, 1] > 0.95
    share = lambda x: x[:, 1:13].sum(1) / x[:, 1:].sum(1)  # noqa: E731
    assert share(made).mean() == pytest.approx(share(real).mean(), abs=0.05)


def test_a_step_on_the_polar_layers_of_the_challenge(tmp_path):
    """Dataset 1, photons: five layers of 8 to 190 voxels."""
    cells = np.random.default_rng(0).gamma(0.5, 1000.0, (20, 368)) * (np.arange(368) % 3 == 0)
    data = Showers.read({"incident_energies": 2 * cells.sum(1, keepdims=True), "showers": cells})
    game = gs.CaloGAN(width=2, latent=4).fit(data, steps=1, batch_size=4, val=0, diagnose=False, evaluate=False)
    made = game.sample(3, seed=0, energy=data.spec.quantiles[128])
    assert data.spec.layers.polar and made.shape == (3, 369) and np.isfinite(made).all()
    write_samples(made, f"{tmp_path}/made.npz", data.spec)
    with np.load(tmp_path / "made.npz") as held:
        assert held["showers"].shape == (3, 368) and np.allclose(held["incident_energies"], 1000 * made[:, :1])


def test_cells_begin_as_bright_and_as_often_empty_as_in_the_mean_item(layers):
    """The control: before it they are lit everywhere alike."""
    state = begin(gs.CaloGAN, layers, {"width": 4}, 0)
    real, before = layers.batch(torch.arange(len(layers))).real, state.game.fake(layers.batch(torch.arange(64)))
    real, before = real.mean(0)[1:], before.mean(0)[1:]
    begin_with_mean(state.game, layers)
    after = state.game.fake(layers.batch(torch.arange(64))).mean(0)[1:]
    near = [np.corrcoef(real.numpy(), x.detach().numpy())[0, 1] for x in (before, after)]
    assert near[0] < 0.5 < 0.8 < near[1]


def test_what_is_empty_is_told_nothing():
    made = ShowerGenerator(4, [(3, 3)], False, Scale(0.01, 6.0), (1.0, 1.0), 2)
    x = torch.tensor([[0.9, 0.5, 0.3, 0.1, 0.01, 0.0, -0.1, -0.2, -0.3]], requires_grad=True)
    (cells,) = made.scaled([x], torch.tensor([[1.0]]))
    cells.square().sum().backward()
    empty, slope = (cells == 0)[0], x.grad[0].abs()
    assert empty[4:].all() and not empty[:3].any() and cells.sum().item() == pytest.approx(1)
    assert slope[empty].max() < 1e-6 < 1e-3 < slope[:3].min()
