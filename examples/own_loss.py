"""A loss of your own: one class, its settings and two losses. Training, saving, sampling and the report come with it.

python examples/own_loss.py
gansmith train --game examples/own_loss.py:TargetGAN digits --target 0.9      the same from the command line
"""

from __future__ import annotations

import gansmith as gs
from gansmith import setting
from gansmith.data.toys import TOYS
from gansmith.testing import check_game


class TargetGAN(gs.GAN):
    """Least squares with a target t: D pulls real scores to t and fake ones to 0, G pulls its fakes to t.

    L_D = ½E(D(x) − t)² + ½E D(G(z))²,   L_G = ½E(D(G(z)) − t)²
    """

    summary = "least squares with a target to choose"

    target: float = setting(1.0, "score that real samples should get")

    def discriminator_loss(self, batch):
        fake = self.fake(batch)
        on_real, on_fake = self.scores(batch, fake)
        cost = (on_real - self.target).square().mean() / 2 + on_fake.square().mean() / 2
        return {"adversarial": cost} | self.extra_terms(batch, fake, on_real, on_fake)

    def generator_loss(self, batch):
        on_fake = self.discriminator(self.fake(batch), batch.label)
        return {"adversarial": (on_fake - self.target).square().mean() / 2}


def main(steps: int = 2000) -> None:
    check_game(TargetGAN, only="losses_are_finite")  # leave `only` out for the whole contract, which takes a minute
    gan = TargetGAN(target=0.9).fit("ring8", steps=steps)
    modes = gs.evaluate.grid_modes(gan.sample(2000, seed=1), TOYS["ring8"].means, sd=0.01)
    print(f"{modes.modes} of 8 modes, {100 * modes.high_quality:.0f} % of the samples near one")


if __name__ == "__main__":
    main()
