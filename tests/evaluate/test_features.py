"""Items to features: shapes, caching by content, and errors before any work."""

import numpy as np
import pytest
import torch

from gansmith.errors import UserError
from gansmith.evaluate import features
from gansmith.evaluate.features import classifier, default_names, extract, space

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 3, 20, 12), dtype=np.uint8)


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return (images * 255 / 16).round().astype(np.uint8).reshape(-1, 1, 8, 8), labels


@pytest.fixture(scope="module")
def digits_net(digits, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    images, labels = digits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gansmith.evaluate.classifier.LEAST", 150)
        return classifier(images[:1400], labels[:1400], cache=cache), cache


@pytest.mark.parametrize("name, d", [("pixels", 720), ("random", 256), ("columns", 720)])
@pytest.mark.parametrize("batch", [1, 7, 40])
def test_spaces(name, d, batch):
    where = space(name, IMAGES)
    whole = extract(where, IMAGES)
    assert whole.shape == (40, d) and whole.dtype == np.float32 and np.isfinite(whole).all()
    parts = np.concatenate([extract(where, IMAGES[i : i + batch]) for i in range(0, 40, batch)])
    np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-5)
    assert space(name, IMAGES).hash == where.hash


def test_large_images_are_shrunk():
    large = np.repeat(np.repeat(IMAGES[:2], 10, 2), 10, 3)
    assert extract(space("pixels", large), large).shape == (2, 3 * 32 * 19)
    assert extract(space("random", large), large).shape == (2, 256)


def test_default_spaces():
    assert default_names(IMAGES) == ["random", "pixels"]
    assert default_names(IMAGES, np.zeros(40)) == ["random", "pixels"], "too few to learn from"
    assert default_names(np.repeat(IMAGES, 3, 0), np.zeros(120)) == ["classifier", "random"]
    assert default_names(np.zeros((5, 2))) == ["columns", "ranks"]
    assert default_names(np.zeros((5, 3, 20))) == ["columns", "moments"]


def test_classifier_learns_digits(digits, digits_net):
    images, labels = digits
    net, cache = digits_net
    assert net.accuracy(images[1400:], labels[1400:]) > 0.93
    assert net.accuracy(images[1400:], np.roll(labels[1400:], 1)) < 0.3  # control: wrong labels
    found = net(images[:10])
    assert found.shape == (10, 128) and found.dtype == np.float32 and (found >= 0).all()
    assert torch.equal(net(torch.tensor(images[:10])), torch.tensor(found))
    np.testing.assert_allclose(np.concatenate([net(images[i : i + 1]) for i in range(10)]), found, atol=1e-4)
    assert net.probabilities(images[:10]).sum(1) == pytest.approx(1, abs=1e-5)


def test_classifier_is_cached_by_content(digits, digits_net):
    images, labels = digits
    net, cache = digits_net
    files = list(cache.iterdir())
    again = classifier(images[:1400], labels[:1400].astype(np.uint8), cache=cache)  # the labels' type is no content
    assert again.name == net.name and list(cache.iterdir()) == files
    assert np.array_equal(again(images[:5]), net(images[:5]))


def test_string_labels(tmp_path, monkeypatch):
    monkeypatch.setattr("gansmith.evaluate.classifier.LEAST", 60)
    images = np.repeat(np.uint8([0, 255]), 100)[:, None, None, None] * np.ones((1, 1, 6, 6), np.uint8)
    labels = np.repeat(["dark", "light"], 100)
    assert classifier(images, labels, cache=tmp_path).predict(images[[0, -1]]).tolist() == ["dark", "light"]


def test_real_features_are_kept_by_content(tmp_path):
    calls = []

    def mean_color(items):
        calls.append(len(items))
        return items.mean((2, 3))

    where = space(mean_color, IMAGES)
    first = extract(where, IMAGES, cache=tmp_path, keep=True)
    calls.clear()
    assert np.array_equal(extract(where, IMAGES, cache=tmp_path, keep=True), first) and not calls
    extract(where, IMAGES[::-1], cache=tmp_path, keep=True)
    assert calls == [40]  # other content, other entry
    brighter = space(lambda items: items.mean((2, 3)) + 1, IMAGES)
    faint = [space(lambda items, c=c: items.mean((2, 3)) * 1e-9 * c, IMAGES).hash for c in (1, 2)]
    assert len({where.hash, brighter.hash, *faint}) == 4  # known by what they do, however small
    assert space(lambda items: items.mean((2, 3))[:, ::-1], IMAGES).hash != where.hash


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GANSMITH_CACHE", raising=False)
    extract(space("pixels", IMAGES), IMAGES, keep=True)
    assert {p.suffix for p in (tmp_path / "gansmith").iterdir()} == {".npy", ".sha256"}


def test_modules_and_files(tmp_path):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(5, 3))
    items = np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32)
    expected = net(torch.tensor(items)).detach().numpy()
    np.testing.assert_allclose(extract(space(net, items), items), expected, rtol=1e-5)
    dynamic = ({0: torch.export.Dim("n", min=1, max=4096)},)
    torch.export.save(torch.export.export(net, (torch.tensor(items),), dynamic_shapes=dynamic), tmp_path / "net.pt2")
    np.testing.assert_allclose(extract(space(str(tmp_path / "net.pt2"), items), items), expected, rtol=1e-5)


def test_torchvision_weights(tmp_path):
    from torchvision import models

    torch.save(models.squeezenet1_1().state_dict(), tmp_path / "net.pth")
    where = space(f"squeezenet1_1:{tmp_path / 'net.pth'}", IMAGES)
    assert extract(where, IMAGES[:2]).shape == (2, 512)
    assert extract(where, IMAGES[:2, :1]).shape == (2, 512)  # grey pictures go in as three equal channels
    with pytest.raises(UserError, match="another model's file"):
        space(f"resnet18:{tmp_path / 'net.pth'}", IMAGES)
    (tmp_path / "text.pth").write_text("no weights at all")
    with pytest.raises(UserError, match="holds no weights of resnet18"):
        space(f"resnet18:{tmp_path / 'text.pth'}", IMAGES)
    with pytest.raises(UserError, match="no torchvision model"):
        space(f"resnet:{tmp_path / 'net.pth'}", IMAGES)


def test_inception_without_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch_fidelity.registry", None)
    monkeypatch.setitem(__import__("sys").modules, "torch_fidelity", None)
    with pytest.raises(UserError, match=r"pip install 'gansmith\[inception\]'"):
        space("inception", IMAGES)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: space("classifier", IMAGES), "features='random'"),
        (lambda: space("inceptoin", IMAGES), "is none of"),
        (lambda: space("inception:/no/such/file.pth", IMAGES), "no weights file"),
        (lambda: space("random", IMAGES / 255), r"\* 255 \+ 0.5"),
        (lambda: extract(space("random", IMAGES), IMAGES / 127.5 - 1), r"\* 127.5 \+ 128"),
        (lambda: extract(space("pixels", IMAGES), IMAGES[0]), "give \\(n, C, H, W\\)"),
        (lambda: extract(space(lambda x: np.zeros(len(x)), IMAGES), IMAGES), "one row each"),
        (lambda: classifier(IMAGES, np.zeros(40)), "needs two classes"),
        (lambda: classifier(IMAGES, np.zeros(39)), "one label per image"),
        (lambda: classifier(IMAGES, np.arange(40) % 2), r"40 images .* 2 classes from \(200 needed\)"),
        (lambda: classifier(IMAGES.repeat(5, 0)[:, :, :3, :3], np.arange(200) % 2), "features='pixels'"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(UserError, match=words):
        make()


def test_classifier_refuses_other_shapes(digits_net):
    with pytest.raises(UserError, match="resize or convert"):
        digits_net[0](IMAGES)


def test_making_a_space_leaves_the_random_state_alone():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    features.random_network(3)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(28, 4), (1, 6, 7, 5)])
def test_moments_tell_a_shifted_and_a_rougher_array_and_no_other(shape):
    rng = np.random.default_rng(0)
    real, other, rough = (rng.normal(size=(300, *shape)).cumsum(-1) for _ in range(3))
    where = space("moments", real)
    assert np.allclose(where.extract(real).std(0), 1) and where.extract(real).shape[0] == 300
    far = [np.abs(where.extract(x).mean(0)).max() for x in (other, other + 2, rough + 2 * rng.normal(size=rough.shape))]
    assert far[0] < 0.3 < 0.8 < min(far[1:])
