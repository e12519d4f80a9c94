import pytest
import torch

from gansmith.errors import UserError
from gansmith.networks.blocks import FromMean
from gansmith.networks.bodies import bodies
from gansmith.networks.convolutional import ConvDiscriminator, ConvGenerator, halvings
from gansmith.networks.mlp import Maxout, MLPDiscriminator, MLPGenerator
from gansmith.networks.residual import ResidualDiscriminator, ResidualGenerator

PICTURES = [(1, 28, 28), (3, 32, 32), (4, 30, 50), (1, 17, 23), (3, 64, 64), (1, 8, 8), (2, 4, 33), (1, 1, 1)]
BODIES = [
    (MLPGenerator, MLPDiscriminator),
    (ConvGenerator, ConvDiscriminator),
    (ResidualGenerator, ResidualDiscriminator),
]
names = lambda bodies: bodies[0].__name__.removesuffix("Generator")  # noqa: E731


def count(module):
    return sum(p.numel() for p in module.parameters())


def pair(bodies, shape, classes=0):
    torch.manual_seed(0)
    more = {"norm": "none"} if bodies[1] is ConvDiscriminator else {}
    return bodies[0](6, shape, 8, classes=classes), bodies[1](shape, 8, classes=classes, **more)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("bodies", BODIES, ids=names)
@pytest.mark.parametrize("shape", PICTURES, ids=str)
def test_any_shape(bodies, shape, classes):
    generator, discriminator = pair(bodies, shape, classes)
    label = torch.tensor([0, 1]) if classes else None
    x = generator(torch.randn(2, 6), label)
    assert x.shape == (2, *shape) and x.dtype == torch.float32
    assert discriminator(x, label).shape == (2,)
    features = discriminator.features(x)
    assert features.shape == (2, discriminator.score.in_features)
    (discriminator(x, label).sum()).backward()
    for p in [*generator.parameters(), *(q for n, q in discriminator.named_parameters())]:
        assert p.grad is not None and p.grad.isfinite().all()


def test_vectors():
    generator, discriminator = MLPGenerator(2, (5,)), MLPDiscriminator((5,))
    assert discriminator(generator(torch.randn(7, 2))).shape == (7,)


@pytest.mark.parametrize("bodies", BODIES, ids=names)
def test_a_discriminator_judges_each_sample_by_itself(bodies):
    _, discriminator = pair(bodies, (1, 17, 23))
    x = torch.randn(5, 1, 17, 23)
    torch.testing.assert_close(discriminator(x)[:2], discriminator(x[:2]))


def test_batch_norm_is_the_one_that_does_not():
    discriminator = ConvDiscriminator((1, 16, 16), 8, norm="batch")
    x = torch.randn(6, 1, 16, 16)
    assert (discriminator(x)[:2] - discriminator(x[:2])).abs().max() > 1e-4
    discriminator.eval()
    torch.testing.assert_close(discriminator(x)[:2], discriminator(x[:2]))


@pytest.mark.parametrize("bodies", BODIES, ids=names)
def test_labels(bodies):
    generator, discriminator = pair(bodies, (1, 8, 8), classes=3)
    z, one, two = torch.randn(4, 6), torch.ones(4).long(), torch.full((4,), 2)
    assert (generator(z, one) - generator(z, two)).abs().max() > 1e-4
    x = generator(z, one)
    torch.testing.assert_close(discriminator(x, one), discriminator(x, two))  # the embedding starts at zero …
    torch.nn.init.normal_(discriminator.embed.weight)
    expected = discriminator.score(discriminator.features(x))[:, 0] + (
        discriminator.embed(two) * discriminator.features(x)
    ).sum(1)
    torch.testing.assert_close(discriminator(x, two), expected)  # … and is a projection
    for network, argument in ((generator, z), (discriminator, x)):
        with pytest.raises(UserError, match="label="):
            network(argument)


@pytest.mark.parametrize("bodies", BODIES, ids=names)
def test_bfloat16_inside_float32_outside(bodies):
    generator, discriminator = pair(bodies, (1, 12, 12))
    z = torch.randn(4, 6)
    with torch.autocast("cpu", torch.bfloat16):
        x = generator(z)
        scores = discriminator(x)
    assert x.dtype == scores.dtype == torch.float32
    assert not torch.equal(x, generator(z))  # it did compute in bfloat16
    torch.testing.assert_close(x, generator(z), atol=0.1, rtol=0.1)


@pytest.mark.parametrize("bodies", BODIES, ids=names)
def test_penalties_reach_every_weight_but_the_biases_of_the_end(bodies):
    _, discriminator = pair(bodies, (1, 12, 12))
    for module in discriminator.modules():  # leave the blocks' identity, where the penalty has no gradient inside
        if hasattr(module, "narrow"):
            torch.nn.init.normal_(module.narrow.weight)
    x = torch.randn(3, 1, 12, 12, requires_grad=True)
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert all(
        p.grad is not None and p.grad.abs().max() > 0 for n, p in discriminator.named_parameters() if "bias" not in n
    )


def test_dcgan_at_64_is_the_published_one():
    generator, discriminator = ConvGenerator(100, (3, 64, 64)), ConvDiscriminator((3, 64, 64))
    assert (count(generator), count(discriminator)) == (3_576_704, 2_765_568)
    for network in (generator, discriminator):
        for name, p in network.named_parameters():
            if "norms" in name and name.endswith("bias"):
                assert p.abs().max() == 0
            else:
                center = 1.0 if "norms" in name else 0.0
                assert abs(float((p - center).detach().std()) - 0.02) < (0.001 if p.numel() > 2000 else 0.006)


def test_goodfellows_generator_is_the_published_one():
    assert count(MLPGenerator(100, (1, 28, 28), 1200, 2, output=torch.nn.Sigmoid)) == 2_503_984


def test_halvings():
    assert halvings((28, 28)) == [(28, 28), (14, 14), (7, 7), (4, 4)]
    assert halvings((17, 23)) == [(17, 23), (9, 12), (5, 6), (3, 3)]
    assert halvings((1, 1)) == [(1, 1), (1, 1)]


def test_maxout_is_the_largest_piece():
    layer = Maxout(3, 4, 5)
    x = torch.randn(2, 3)
    torch.testing.assert_close(layer(x), layer.linear(x).view(2, 4, 5).max(2).values)


def test_dropout_sleeps_in_eval():
    discriminator = MLPDiscriminator((6,), 16, 2, pieces=2, dropout=(0.2, 0.5))
    x = torch.randn(3, 6)
    assert not torch.equal(discriminator(x), discriminator(x))
    discriminator.eval()
    assert torch.equal(discriminator(x), discriminator(x))


def test_unknown_norm_is_named():
    with pytest.raises(UserError, match="'batch', 'layer', 'none'"):
        ConvDiscriminator((1, 8, 8), norm="bacth")


def test_generators_of_sparse_kinds_begin_with_the_mean_item():
    mean = torch.linspace(-1, 1, 8).reshape(1, 2, 2, 2)
    generator = bodies(3, True, (1, 2, 2, 2)).generator(4, (1, 2, 2, 2), 2)
    assert isinstance(generator.output, FromMean)
    generator.output.begin_with(mean)
    torch.testing.assert_close(generator.output(torch.zeros(5, 1, 2, 2, 2))[3], mean.clamp(-0.99, 0.99))
    assert isinstance(bodies(3, True).generator(4, (1, 2, 2, 2), 2).output, torch.nn.Tanh)


def test_a_mean_is_averaged_where_there_is_one_number():
    by_pitch = FromMean((1, 1, 3))
    by_pitch.begin_with(torch.tensor([[[0.0, -0.5, 1.0]] * 4, [[0.0, 0.1, -1.0]] * 4]))
    torch.testing.assert_close(by_pitch(torch.zeros(1, 1, 3))[0, 0], torch.tensor([0.0, -0.2, 0.0]))
