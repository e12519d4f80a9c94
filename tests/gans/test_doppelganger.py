"""DoppelGANger: attributes, then ranges, then steps."""

import torch

from gansmith.data.kinds.series import Series
from gansmith.gans.doppelganger import DoppelGANger, sizes_of
from gansmith.testing import begin


def game(**settings):
    data = Series.example()[0]
    return begin(DoppelGANger, data, {"width": 12, **settings}, 0).game, data


def test_series_are_taken_apart_and_put_together():
    made, data = game()
    x = data.batch(torch.arange(20)).real
    attributes, ranges, steps = made.generator.parts(x)
    middle, half = ranges.chunk(2, 1)
    again = middle[..., None] + half[..., None] * steps
    assert torch.allclose(again, x[:, : made.generator.columns], atol=1e-4)
    assert steps.abs().max() <= 1 and attributes.sum(1).eq(1).all() and sizes_of(data.spec) == [2]


def test_a_sample_has_one_value_of_each_attribute_in_all_its_steps():
    made, data = game()
    items = torch.from_numpy(made.sample(30, seed=0))
    told = items[:, made.generator.columns :]
    assert told.sum(1).eq(1).all() and (told == told[..., :1]).all()
    assert {row.argmax().item() for row in told[..., 0]} <= {0, 1}


def test_steps_are_made_in_turns_of_a_batch():
    for size, turns in ((1, 12), (5, 3), (12, 1), (50, 1)):
        made, data = game(batch_steps=size)
        assert made.generator.turns == turns
        assert made.sample(3, seed=0).shape == (3, *data.spec.shape)


def test_no_gradient_of_the_steps_reaches_the_attributes():
    made, _ = game()
    made.generator.train()
    _, ranges, steps = made.generator.make(made.latents(16))
    for part in (ranges, steps):
        found = torch.autograd.grad(
            part.sum(), list(made.generator.attributes.parameters()), allow_unused=True, retain_graph=True
        )
        assert all(g is None for g in found)


def test_two_critics_move_it_and_one_can_be_left_out():
    made, data = game(auxiliary=0.0)
    terms = made.discriminator_loss(data.batch(torch.arange(20)))
    assert terms["first"] == 0 and terms["first_penalty"] == 0 and terms["whole_penalty"] > 0
