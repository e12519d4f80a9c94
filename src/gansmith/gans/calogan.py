"""CaloGAN: showers of a calorimeter, layer by layer, for the energy of a particle."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gansmith.data.dataset import Batch
from gansmith.data.labels import few
from gansmith.errors import DataError, UserError
from gansmith.game import observe, setting
from gansmith.gans.base import new_rng
from gansmith.gans.gan import GAN
from gansmith.gans.paper import Paper
from gansmith.networks.calorimeter import Scale, ShowerDiscriminator, ShowerGenerator, ShowerShapes
from gansmith.training.metrics import Metric


class CaloGAN(GAN):
    """G makes the layers of a shower from noise z and the energy E that it is asked for; D judges them with E beside
    them. Both play GAN's game, and G minimises, too, how far the energy of its cells is from E:
    −E log σ(D(G(z, E), E)) + λ · E|Σ cells − E| / E + `matching`, which is ours.

    Networks: a stream of locally connected layers (LAGAN) for each layer of the calorimeter; each is in-painted from
    the one before it by attention; D looks at each layer, at how many cells are hit, at the energies, and by minibatch
    discrimination at the batch. Of E it sees the logarithm, and how far the energy found is from it.

    The energy is exact by construction: cells hold together R · E, where R, which a head of G makes, lies within the
    responses of the data (of images R = 1), up to what layers below the threshold lose and rounding, 10⁻⁴. So λ may be
    small, where the paper's 0.05 for each GeV pulls R towards 1 in any detector.

    `matching` is the energy distance (Székely & Rizzo 2013) of a batch's fakes from its reals, in their cells, in
    coarse cells and in shapes. In the minutes of two cores D alone does not teach G the shares, widths and cells hit of
    the layers: it wins, with AUROC 1 for trees on shapes. A weight of 0 is the paper's game.

    Deviations: energies are made and judged as logarithms, as they span four decades; cells begin as in the mean item,
    and what is empty has no gradient, or a whole rim rises and is lit at once; cells have noise of their own, as
    deposits do; the head gives R and the shares of the layers; D sees centres and widths, and has a hidden layer; z is
    concatenated with E, not multiplied by it; fakes are asked for the energies of the batch, not for even ones; a
    particle's name enters as in other games (`conditional`), not by a classifier. Any number of layers of any size; one
    layer without particles, as of jets, is LAGAN given the energy of the image. Proof: proofs/calogan.py.
    """

    name = "calogan"
    paper = Paper(
        "CaloGAN: Simulating 3D High Energy Particle Showers in Multilayer Electromagnetic Calorimeters with "
        "Generative Adversarial Networks",
        "Paganini, de Oliveira, Nachman",
        "Physical Review D",
        2018,
        "https://arxiv.org/abs/1712.10321",
        code="https://github.com/hep-lbdl/CaloGAN",
    )
    summary = "showers of a calorimeter, layer by layer, for the energy of a particle"
    unsupported_settings: ClassVar[tuple[str, ...]] = (
        *("packing", "augment", "ada_target", "mirror", "instance_noise"),
        "minibatch",  # D has minibatch discrimination of its own
    )
    latent: int = setting(64, "numbers of noise beside those of the cells", minimum=1)
    energy_weight: float = setting(
        0.0005, "λ, weight of the distance of the energy found from the energy asked for", minimum=0.0
    )
    matching: float = setting(
        10.0,
        "weight of the energy distance of cells and shapes of fakes from the batch's; 0: the paper's G",
        minimum=0.0,
    )
    prior: str = setting("normal", "noise (latent) distribution, with unit variance", choices=("uniform", "normal"))
    learning_rate: float = setting(2e-3, "Adam's learning rate", minimum=0.0)
    discriminator_learning_rate: float | None = setting(
        4e-5, "the discriminator's step size; None: learning_rate", minimum=0
    )

    def default_width(self, spec: Any) -> int:
        return 16

    def build(self, spec: Any) -> None:
        layers = getattr(spec, "layers", None)
        if layers is None:
            raise DataError(
                f"{type(self).__name__} makes showers of energies in layers and the data is {spec.noun}: use "
                f"{spec.default_game}, or say --kind showers"
            )
        self.choose(spec)
        scale, classes = Scale(spec.threshold, spec.log_top), self.classes(spec)
        sizes = [*zip(layers.heights, layers.widths)]
        self.generator = ShowerGenerator(self.latent, sizes, spec.has_energy, scale, spec.response, self.width, classes)
        places = torch.from_numpy(layers.places).float()
        norm = self.discriminator_norm("batch")
        self.discriminator = self.make_discriminator(
            lambda _: ShowerDiscriminator(sizes, spec.has_energy, scale, places, self.width, classes, norm=norm),
            spec.shape,
        )
        self.shapes = ShowerShapes(sizes, spec.has_energy, scale, places)
        self.scale, self.cells = scale, layers.cells
        self.smooth = len({*spec.quantiles}) > len(spec.quantiles) // 4  # else few energies, such as powers of two
        self.knots = spec.quantiles

    # --- the game ----------------------------------------------------------------------------------------------------
    def fake(self, batch: Batch) -> Tensor:
        return self.generator(self.latents(len(batch), asked=self.energy_of(batch.real)), batch.label)

    def energy_of(self, items: Tensor) -> Tensor:
        """(n, 1) energies of items, in network units: of the particle, else of the whole image."""
        if items.shape[1] > self.cells:
            return items[:, :1]
        return self.scale.network(self.scale.energy(items).sum(1, keepdim=True))

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.fake(batch)
        response = self.response(fake, self.energy_of(batch.real))
        observe("response", response.mean())
        terms = {
            "adversarial": self.generator_cost(self.discriminator(fake, batch.label)),
            "energy": self.energy_weight * (response - 1).abs().mean(),
        }
        if self.matching and len(batch) > 1:
            terms["matching"] = self.matching * self.apart(batch.real, fake)
        return terms

    def apart(self, real: Tensor, fake: Tensor) -> Tensor:
        """How far fakes are from reals as samples: energy distances of cells, of shapes and of coarse cells, of each
        number by itself and of all together."""
        total = torch.zeros((), device=real.device)
        for one, two in zip(self.looks(real), self.looks(fake)):
            scale = one.std(0) + 0.05 * one.std()
            total = total + energy_distance(one / scale, two / scale) + marginal_distance(one / scale, two / scale)
        return total

    def looks(self, items: Tensor) -> tuple[Tensor, ...]:
        """Cells, shapes, and logarithms of the energies of coarse cells."""
        shapes, coarse = self.shapes.looks(items)
        return items[:, -self.cells :], shapes, coarse

    def response(self, items: Tensor, asked: Tensor) -> Tensor:
        """(n,) energy in the cells of items / energy asked for, both in network units."""
        found = self.scale.energy(items[:, -self.cells :].clamp(min=-1)).sum(1)
        return found / self.scale.energy(asked[:, 0])

    # --- use ---------------------------------------------------------------------------------------------------------
    def latents(self, n: int, rng: torch.Generator | None = None, asked: Tensor | None = None) -> Tensor:
        """(n, latent + 1 + cells): noise, energies in network units, noise of the cells. Energies are drawn as in the
        data where none are `asked` (n, 1) for."""
        noise = super().latents(n, rng)
        device = noise.device if rng is None else "cpu"
        place = torch.rand(n, device=device, generator=rng) * (len(self.knots) - 1)
        of_cells = torch.randn(n, self.cells, device=device, generator=rng)
        if asked is None:
            knots = torch.tensor(self.knots, dtype=torch.float32, device=device)
            asked = self.scale.network(between(knots, place, self.smooth))[:, None]
        return torch.cat([noise, asked.to(noise), of_cells.to(noise)], 1)

    def sample(self, n: int, *, seed: int | None = None, energy=None, label=None, batch_size: int = 250) -> np.ndarray:
        """`n` new showers in GeV, the same for the same seed.

        energy  of the particles (of images, of all cells together) in GeV: one, or `n` of them, within those of the
                data; None: drawn as in the data
        label   see `FromNoise.sample`
        """
        self.check_is_fitted()
        rng = new_rng(seed)
        latent = self.latents(n, rng, self.wanted(energy, n))
        return self.decode(latent, self.labels(n, label, rng), batch_size=batch_size)

    def wanted(self, energy, n: int) -> Tensor | None:
        """Energies in GeV, one or `n`, as (n, 1) in network units; UserError for what the data did not show."""
        if energy is None:
            return None
        given = np.asarray(energy, np.float64)
        low, high = self.spec.quantiles[0], self.spec.quantiles[-1]
        if given.shape not in ((), (n,)) or not np.isfinite(given).all():
            raise UserError(f"energies of shape {given.shape}: give one number of GeV, or {n} of them")
        outside = given[(given < low * (1 - 1e-6)) | (given > high * (1 + 1e-6))]
        if outside.size:
            raise UserError(
                f"energy {few(outside.ravel().tolist(), 3)} GeV: this model was trained on {low:.4g} … {high:.4g} GeV"
            )
        return self.scale.network(torch.as_tensor(np.broadcast_to(given, n).copy(), dtype=torch.float32))[:, None]

    logs: ClassVar[dict[str, Metric]] = {
        "generator/energy": Metric(
            "λ · E|Σ cells − E| / E: how far the energy found is from the energy asked for, as weighted in the loss",
            "that of the data, by λ",
            "far larger: the head of G drifts; lower --learning-rate",
        ),
        "generator/matching": Metric(
            "energy distance of cells and shapes of fakes from the batch's, as weighted in the loss; without bias, so "
            "that it is below 0 now and then",
            "falling to about 0",
            "flat well above 0: raise --matching or --width",
        ),
        "response": Metric(
            "energy found in the cells of fakes / energy asked for, on average",
            "the mean response of the data, which gansmith check says",
            "at an end of the data's range for long: D is fooled by nothing else; lower --learning-rate",
        ),
    }


def energy_distance(x: Tensor, y: Tensor) -> Tensor:
    """2 E|x − y| − E|x − x'| − E|y − y'| of rows (n, d) and (m, d), without bias, divided by √d: 0 only where they are
    alike (Székely & Rizzo 2013)."""
    n, m = len(x), len(y)
    between, inside, other = (torch.cdist(a, b).sum() for a, b in ((x, y), (x, x), (y, y)))
    return (2 * between / (n * m) - inside / (n * (n - 1)) - other / (m * (m - 1))) / x.shape[1] ** 0.5


def marginal_distance(x: Tensor, y: Tensor) -> Tensor:
    """`energy_distance` of every column by itself, on average, by sorting: 2 ∫(F − G)² less what chance makes of it."""
    both, order = torch.cat([x, y]).T.contiguous().sort(1)
    weight = torch.cat([x.new_full((len(x),), 1 / len(x)), y.new_full((len(y),), -1 / len(y))])
    apart = 2 * (weight[order].cumsum(1)[:, :-1].square() * both.diff(dim=1)).sum(1).mean()
    for a in (x, y):
        n = len(a)
        rank = 2 * torch.arange(n, device=a.device) - n + 1
        apart = apart - 2 * (a.T.contiguous().sort(1).values * rank).sum(1).mean() / n**2 / (n - 1)
    return apart


def between(knots: Tensor, place: Tensor, smooth: bool) -> Tensor:
    """(n,) values at `place`, 0 … k − 1, of sorted `knots` (k,): between two of them, or the lower, if not `smooth`."""
    lower = place.long().clamp(max=max(0, len(knots) - 2))
    one, two = knots[lower], knots[(lower + 1).clamp(max=len(knots) - 1)]
    return one + (two - one) * (place - lower) if smooth else one
