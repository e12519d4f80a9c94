"""Items -> features: `space(name, …)` gives a `Space`, whose `extract(items)` gives (n, d) float32.

Names: `columns` and `ranks` (vectors), `moments` (arrays), `pixels`, `random`, `classifier` (needs labels), any
callable, a `torch.export` file (.pt2),
`NAME` or `NAME:WEIGHTS` for torch-fidelity's nets (`inception`, `clip-vit-b-32`, `dinov2-vit-b-14` …) and
`NAME:WEIGHTS` for torchvision's (`resnet18:resnet18.pth`). No name here ever touches the network by surprise: only
torch-fidelity's nets without `:WEIGHTS` download, and they do so when the space is made, which is before training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from gansmith.distributed.collectives import map_across_ranks
from gansmith.errors import UserError
from gansmith.evaluate.classifier import LARGEST, Classifier, as_bytes, classifier, enough_to_learn, shrink
from gansmith.evaluate.feature_cache import folder, kept, tensor_digest

__all__ = ["Classifier", "Space", "classifier", "default_names", "extract", "random_network", "space"]

BATCH = 256
RECENT = 2**28  # bytes of features that are remembered

_recent: dict[str, np.ndarray] = {}  # by the digest of what they are of


@dataclass(frozen=True)
class Space:
    """One feature space: what the protocol card says of it, and how items get there."""

    name: str
    hash: str  # of the weights; of the behaviour on a few items for other callables
    extract: Callable[[np.ndarray], np.ndarray]  # items -> (n, d)
    resize: str = "none"
    relative: bool = False  # fit to compare models with one another, not with published numbers


def default_names(items: np.ndarray, labels=None) -> list[str]:
    """Two spaces: `classifier` + `random` for images with labels enough to learn from, `random` + `pixels` for other
    images, `columns` + `ranks` for vectors, `columns` + `moments` for other arrays."""
    if items.ndim == 4 and items.dtype == np.uint8:
        return ["classifier", "random"] if labels is not None and enough_to_learn(labels) else ["random", "pixels"]
    return ["columns", "ranks" if items.ndim == 2 else "moments"]


def space(features, items: np.ndarray, *, labels=None, seed: int = 0, cache: str | Path | None = None) -> Space:
    """The feature space called `features`, made ready for `items` (the reals); fails here if it ever will."""
    if isinstance(features, Space):
        return features
    if callable(features):
        return _of_callable(features, items)
    if features == "columns":
        return _columns(items)
    if features == "ranks":
        return _ranks(items)
    if features == "moments":
        return _moments(items)
    if features == "pixels":
        return Space("pixels", "exact", _pixels, resize="bilinear-antialias to 32")
    if features == "random":
        network = random_network(as_bytes(items[:1]).shape[1], seed=0)
        return Space(
            "random", _weights_hash(network), _mapped(network), resize="bilinear-antialias to 64", relative=True
        )
    if features == "classifier":
        if labels is None:
            raise UserError("features='classifier' needs labels=…; without labels type features='random'.")
        net = classifier(items, labels, seed=seed, cache=cache)
        return Space("classifier", net.name.split("-")[1], net, resize=f"bilinear-antialias to {LARGEST}")
    return _from_weights(str(features))


def extract(where: Space, items: np.ndarray, *, cache: str | Path | None = None, keep: bool = False) -> np.ndarray:
    """(n, d) features of `items`; with `keep`, cached by their content, the space's hash and its resizing.

    What was computed last in this process, up to RECENT bytes, is not computed again: treat it as read-only.
    """
    items = items.detach().cpu().numpy() if isinstance(items, torch.Tensor) else items

    def make():
        out = where.extract(items)
        out = out.detach().cpu().numpy() if isinstance(out, torch.Tensor) else np.asarray(out)
        if out.ndim != 2 or len(out) != len(items):
            raise UserError(
                f"features {where.name!r} made {out.shape} of {len(items)} items; return (n, d), one row each."
            )
        return out.astype(np.float32)

    key = tensor_digest(items, where.name, where.hash, where.resize)
    known = _recent.pop(key, None)
    found = make if known is None else lambda: known
    # Written through an open file, since numpy.save would add its own ending to a name.
    found = kept(folder(cache) / f"features-{key}.npy", found, np.load, _save) if keep else found()
    _recent[key] = found  # the last one
    while sum(features.nbytes for features in _recent.values()) > RECENT:
        _recent.pop(next(iter(_recent)))
    return found


def _save(array: np.ndarray, path: Path) -> None:
    with open(path, "wb") as file:
        np.save(file, array)


def random_network(channels: int, *, seed: int = 0) -> nn.Module:
    """A frozen, never trained convolutional net, float pixels 0..255 -> (n, 256) features.

    It needs no weights and no labels. Its distances rank models of the same data; they mean nothing across data sets.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(channels, 32, 3, 1, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(32, 64, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(64, 64, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        )  # fmt: skip
        for layer in net:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.2)
                nn.init.zeros_(layer.bias)
    return net.eval().requires_grad_(False)


def _mapped(network: nn.Module) -> Callable:
    """uint8 images through `network` in batches, shrunk to 64 and brought to -1..1."""

    @torch.no_grad()
    def run(images):
        parts = as_bytes(images).split(BATCH)
        seen = lambda part: network(shrink(part.float(), 64) / 127.5 - 1)  # noqa: E731
        return torch.cat(map_across_ranks(seen, parts, what="features")).numpy()

    return run


def _pixels(images) -> np.ndarray:
    pixels = as_bytes(images)
    if max(pixels.shape[2:]) > 32:
        size = [max(1, round(s * 32 / max(pixels.shape[2:]))) for s in pixels.shape[2:]]
        parts = [F.interpolate(part.float(), size, mode="bilinear", antialias=True) for part in pixels.split(BATCH)]
        pixels = torch.cat(parts)
    return (pixels.flatten(1).float() / 255).numpy()


def _columns(items: np.ndarray) -> Space:
    """Each number of an item in units of the reals' standard deviation."""
    flat = np.asarray(items, dtype=np.float64).reshape(len(items), -1)
    mean, sd = flat.mean(0), flat.std(0)
    sd = np.where(sd > 0, sd, 1)
    return Space(
        "columns", tensor_digest(mean, sd), lambda x: (np.asarray(x, np.float64).reshape(len(x), -1) - mean) / sd
    )


def _ranks(items: np.ndarray) -> Space:
    """Each number of an item as the share of reals below it: neither units nor outliers matter."""
    columns = np.sort(np.asarray(items, dtype=np.float64).reshape(len(items), -1), axis=0).T

    def run(x):
        x = np.asarray(x, np.float64).reshape(len(x), -1)
        sides = [[np.searchsorted(c, v, side) for c, v in zip(columns, x.T)] for side in ("left", "right")]
        return np.mean(sides, axis=0).T / len(items)

    return Space("ranks", tensor_digest(columns), run)


def _moments(items: np.ndarray) -> Space:
    """Mean, deviation and mean step of each row of an item along each of its axes (each channel, each moment of time),
    in units of the reals' standard deviation."""

    def summaries(x) -> np.ndarray:
        x = np.asarray(x, np.float64)
        x = x[:, None] if x.ndim == 2 else x
        found = []
        for axis in range(1, x.ndim):
            rows = np.moveaxis(x, axis, 1).reshape(len(x), x.shape[axis], -1)
            found += [rows.mean(2), rows.std(2), np.abs(np.diff(rows, axis=2)).sum(2) / rows.shape[2]]
        return np.concatenate(found, 1)

    seen = summaries(items)
    mean, sd = seen.mean(0), seen.std(0)
    sd = np.where(sd > 0, sd, 1)
    return Space("moments", tensor_digest(mean, sd), lambda x: (summaries(x) - mean) / sd)


def _of_callable(function: Callable, items: np.ndarray) -> Space:
    name = getattr(function, "name", None) or getattr(function, "__qualname__", type(function).__name__)
    if isinstance(function, nn.Module):
        return Space(name, _weights_hash(function.eval()), _tensors(function), resize="its own")
    sample = function(items[:8])
    sample = sample.detach().cpu().numpy() if isinstance(sample, torch.Tensor) else np.asarray(sample)
    if sample.ndim != 2:
        raise UserError(
            f"features {name!r} made {sample.shape} of {len(items[:8])} items; return (n, d), one row each."
        )
    # What it does to eight items stands for what it is: two projections of each, to four digits, since another machine
    # may add in another order.
    angles = np.arange(sample.shape[1])
    seen = sample.astype(np.float64) @ np.stack([np.cos(angles), np.sin(angles)], 1)
    return Space(name, tensor_digest(sample.shape, [f"{v:.3e}" for v in seen.ravel()]), function, resize="its own")


def _tensors(module: nn.Module) -> Callable:
    """Batches of items through a torch module, on the module's device."""

    @torch.no_grad()
    def run(items):
        first = next(module.parameters(), None)
        device = first.device if first is not None else "cpu"
        run = lambda i: module(torch.as_tensor(items[i : i + BATCH]).to(device)).float().cpu()  # noqa: E731
        return torch.cat(map_across_ranks(run, range(0, len(items), BATCH), what="features")).numpy()

    return run


def _weights_hash(module: nn.Module) -> str:
    return tensor_digest(type(module).__name__, *module.state_dict().values())


def _from_weights(features: str) -> Space:
    """torch-fidelity's nets, torchvision's nets with a weights file, or an exported program."""
    name, _, weights = features.partition(":")
    if weights and not Path(weights).is_file():
        raise UserError(
            f"no weights file at {weights!r} (features={features!r}); put the file there, or give its path."
        )
    if name == "inception" or name.startswith(("clip-", "dinov2-", "vgg16")):
        return _fidelity(name, weights)
    if weights:
        return _torchvision(name, weights)
    if Path(features).suffix == ".pt2" and Path(features).is_file():
        module = torch.export.load(features).module()
        return Space(Path(features).name, _weights_hash(module), _tensors(module), resize="its own")
    raise UserError(
        f"features={features!r} is none of columns, ranks, moments, pixels, random, classifier, inception, clip-…, "
        "dinov2-…, NAME:WEIGHTS, the path of a `torch.export` file (.pt2), or a callable."
    )


def _fidelity(name: str, weights: str) -> Space:
    """torch-fidelity as the provider of nets; images go in as RGB bytes and it resizes as TensorFlow 1 did."""
    try:
        from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY as nets
    except ImportError:
        raise UserError(f"features={name!r} needs torch-fidelity: pip install 'gansmith[inception]'.") from None
    full = "inception-v3-compat" if name == "inception" else name
    if full not in nets:
        raise UserError(f"torch-fidelity has no net {full!r}; it has {', '.join(nets)}.")
    local = not name.startswith("dinov2-")  # torch-fidelity reads DINOv2 from torch.hub's cache only
    if weights and not local:
        raise UserError(f"torch-fidelity takes no weights path for DINOv2; fill torch.hub's cache and type {name!r}.")
    layer = nets[full].get_default_feature_layer_for_metric("fid")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        net = nets[full](full, [layer], feature_extractor_weights_path=weights or None, verbose=False)
    except Exception as error:  # noqa: BLE001  no net, no file, a wrong file: one line is wanted, before any training
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        advice = f"type features='{name}:/path/to/weights'" if local else f"copy them into {torch.hub.get_dir()}"
        raise UserError(
            f"the weights of {full} could not be loaded ({reason}); fetch them elsewhere and {advice}."
        ) from None
    net.eval().requires_grad_(False).to(device)

    @torch.no_grad()
    def run(images):
        pixels = as_bytes(images)
        pixels = pixels.expand(-1, 3, -1, -1) if pixels.shape[1] == 1 else pixels[:, :3]
        seen = lambda part: net(part.to(device))[0].float().cpu()  # noqa: E731
        return torch.cat(map_across_ranks(seen, pixels.split(64), what="features")).numpy()

    return Space(name, _weights_hash(net), run, resize="tf1-bilinear")


def _torchvision(name: str, weights: str) -> Space:
    """The convolutional body of a torchvision classifier with the user's weights, averaged over the picture."""
    from torchvision import models

    if name not in models.list_models(module=models):
        raise UserError(
            f"{name!r} is no torchvision model; gansmith knows {', '.join(models.list_models(module=models)[:8])}, …"
        )
    model = models.get_model(name, weights=None)
    try:
        if weights.endswith(".safetensors"):
            from safetensors.torch import load_file

            state = load_file(weights)
        else:
            state = torch.load(weights, map_location="cpu", weights_only=True)
        missing = set(model.load_state_dict(state, strict=False).missing_keys)
    except Exception as error:  # noqa: BLE001  whatever is wrong with the file, one line says so
        raise UserError(f"{weights} holds no weights of {name} ({str(error).strip().splitlines()[0][:120]}).") from None
    body = model.features if hasattr(model, "features") else nn.Sequential(*list(model.children())[:-1])
    needed = {value.data_ptr() for value in body.state_dict().values()}
    lacking = [key for key, value in model.state_dict().items() if key in missing and value.data_ptr() in needed]
    if lacking:
        raise UserError(f"{weights} lacks weights of {name}: {', '.join(lacking[:3])} …; is it another model's file?")
    body = body.eval().requires_grad_(False)
    mean, std = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))

    @torch.no_grad()
    def run(images):
        pixels = as_bytes(images)
        pixels = pixels.expand(-1, 3, -1, -1) if pixels.shape[1] == 1 else pixels[:, :3]

        def seen(part):
            x = F.interpolate(part.float() / 255, (224, 224), mode="bilinear", antialias=True)
            return body((x - mean) / std).flatten(2).mean(2)

        return torch.cat(map_across_ranks(seen, pixels.split(64), what="features")).numpy()

    return Space(name, _weights_hash(body), run, resize="bilinear-antialias to 224")
