"""Captions by policy gradient: the estimate against all captions enumerated, chosen captions, files in and out."""

import csv
from itertools import product

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import gansmith as gs
from gansmith.cli.main import app
from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.images import Images
from gansmith.data.kinds.text import Words
from gansmith.gans.caption_gan import best_of, saying
from gansmith.networks.text_encoder import TextReader

SMALL = {"width": 4, "channels": 2, "latent": 2}
FORM = Words((1, 3), columns=("a", "b"), also={"source": Images((1, 8, 8))})
ALL = torch.tensor([s for s in product(range(3), repeat=3) if s[0] and not any(a == 0 < b for a, b in zip(s, s[1:]))])


def small(**settings):
    torch.manual_seed(0)
    gan = gs.CaptionGAN(**SMALL, **settings)
    gan.build(FORM)
    gan.spec = FORM
    for p in gan.generator.writer.parameters():
        p.data.mul_(2)  # so that words differ in how likely they are
    return gan


class Known(nn.Module):
    """What captions are worth is plain: many a, and no b at first."""

    def see(self, source):
        return 2 + source[:, 0, 0, :1]

    def fit(self, picture, text):
        return picture[:, 0] * ((text == 1).sum(1) - 2.0 * (text[:, 0] == 2))


def test_a_writer_gives_all_captions_together_a_probability_of_one():
    gan = small()
    context = gan.generator.context(torch.zeros(len(ALL), 1, 8, 8))
    assert gan.generator(ALL, context).sum(1).exp().sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("settings", [{}, {"rollouts": 0, "baseline": True}], ids=str)
def test_the_policy_gradient_is_that_of_all_captions_enumerated(settings):
    gan, n = small(**{"rollouts": 2} | settings), 200
    gan.noise = lambda n, rng=None: torch.zeros(n, 2)
    source = torch.zeros(1, 1, 8, 8)
    bias = gan.generator.writer.head.bias
    chance = gan.generator(ALL, gan.generator.context(source).expand(len(ALL), -1)).sum(1).exp()
    gan.evaluator = Known()
    worth = gan.evaluator.fit(gan.evaluator.see(source).expand(len(ALL), -1), ALL).sigmoid().detach()
    exact = torch.autograd.grad(-(chance * worth).sum(), bias)[0]
    batch = Batch(source=source.expand(n, -1, -1, -1), index=torch.arange(n))
    torch.manual_seed(0)
    drawn = torch.stack([torch.autograd.grad(gan.generator_loss(batch)["adversarial"], bias)[0] for _ in range(16)])
    error = drawn.std(0) / 16**0.5
    assert exact.abs().max() > 10 * error.max()  # or the test would say nothing
    assert ((drawn.mean(0) - exact).abs() < 3.5 * error).all()
    if not gan.rollouts:
        return
    values = gan.values
    gan.values = lambda *args: values(*args).roll(1, 1)  # off by one: what a word is paid came before it
    wrong = torch.stack([torch.autograd.grad(gan.generator_loss(batch)["adversarial"], bias)[0] for _ in range(16)])
    assert ((wrong.mean(0) - exact).abs() > 3.5 * error).any()


def test_the_noise_changes_captions_and_temperature_how_bold_they_are():
    gan = small()
    source = torch.rand(1, 1, 8, 8)
    chances = [gan.generator(ALL, gan.generator.context(source, z).expand(len(ALL), -1)).sum(1).exp()
               for z in (torch.zeros(1, 2), torch.tensor([[0.9, -0.9]]))]  # fmt: skip
    assert (chances[0] - chances[1]).abs().sum() > 0.01
    pictures = np.zeros((1, 1, 8, 8), np.uint8)
    seen = [len(np.unique(gan.draw(pictures, 60, seed=0, temperature=t)[0], axis=0)) for t in (0.01, 1.0)]
    assert seen[0] < 5 < seen[1]


def test_what_is_read_of_a_text_does_not_depend_on_the_room_behind_it():
    torch.manual_seed(0)
    read = TextReader(5, 4)
    assert torch.allclose(read(torch.tensor([[3, 1, 0, 0]])), read(torch.tensor([[3, 1]])))
    assert not torch.allclose(read(torch.tensor([[3, 1]])), read(torch.tensor([[1, 3]])))


def test_of_equal_captions_the_best_are_kept_once():
    captions = np.array([[1, 0], [2, 0], [1, 0], [3, 0]])
    assert best_of(captions, np.array([0.1, 0.5, 0.1, 0.9]), 3)[:, 0].tolist() == [3, 2, 1]
    assert best_of(captions[[0, 2]], np.array([0.1, 0.2]), 2)[:, 0].tolist() == [1, 1]


def test_captions_without_a_known_word_are_left_out():
    text = np.array([[[0, 0], [2, 1]], [[0, 0], [0, 0]], [[1, 0], [2, 0]]])
    pictures = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    found = saying(Dataset(FORM, {"real": pictures, "text": text}, files=("1", "2", "3")))
    assert found.fields["target"].tolist() == [[[2, 1], [2, 1]], [[1, 0], [2, 0]]]
    assert found.files == ("1", "3") and found.fields["source"].ravel().tolist() == [0, 2]
    assert "1 pictures" in found.notes[0]


def test_captions_are_shuffled_within_and_written_as_they_are_read(tmp_path):
    items = np.array([[[1, 2, 0], [2, 0, 0]]])
    form = Words((2, 3), columns=("red", "dog"))
    assert form.texts(items) == [["red dog", "dog"]]
    form.write(items, tmp_path / "x.json", names=["1.png"])
    assert '"1.png"' in (tmp_path / "x.json").read_text()
    form.write(items, tmp_path / "x.csv", names=["=1.png"], safe=True)
    assert (tmp_path / "x.csv").read_text() == "file,caption\n'=1.png,red dog\n'=1.png,dog\n"
    mixed = form.shuffled(np.tile(items, (50, 1, 1)), np.random.default_rng(0))
    assert (np.sort(mixed, 2) == np.sort(items, 2)).all() and (mixed != items).any()
    assert form.preview(form.beside(np.zeros((1, 3, 8, 8), np.uint8), items)).shape[2] == 3


def test_photos_to_captions_on_the_command_line(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    rows = [["file", "caption"]]
    for i in range(12):
        Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(photos / f"{i}.png")
        rows += [[f"{i}.png", f"a {('red', 'blue')[i % 2]} dog"], [f"{i}.png", "one dog"]]
    with open(photos / "captions.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    gan = gs.CaptionGAN(**SMALL).fit(photos, steps=2, batch_size=4, diagnose=False)
    gan.save(tmp_path / "x.gan")
    assert gan.score_samples(["a red dog"], np.zeros((1, 1, 8, 8), np.uint8)).shape == (1,)
    done = CliRunner().invoke(
        app,
        ["sample", str(tmp_path / "x.gan"), "--input", str(photos), "-n", "3", "-o", str(tmp_path / "captions.csv")],
    )
    assert done.exit_code == 0, done.output
    words = ["sample", str(tmp_path / "x.gan"), "--input", str(photos), "-o", str(tmp_path / "t.csv"), "--temperature"]
    assert "give a number above 0" in str(CliRunner().invoke(app, [*words, "0"]).exception)  # it is passed on
    with open(tmp_path / "captions.csv", newline="") as file:
        made = list(csv.reader(file))
    assert made[0] == ["file", "caption"] and len(made) == 1 + 3 * 12
    assert {name for name, _ in made[1:]} == {f"{i}.png" for i in range(12)}
    with pytest.raises(gs.UserError, match="has no captions"):
        gs.CaptionGAN().fit(np.zeros((20, 1, 8, 8), np.uint8), steps=1)
