"""A small classifier trained on the user's own labels: the honest feature space where no big net knows the domain.

Inception features are discouraged on MNIST by their own maintainers (mseitzer/pytorch-fid#12). This net reads any
labelled images, trains once in some minutes on one CPU core, and is cached by the content it was trained on. It is not
trained on fewer than ENOUGH images of a class: what it then says of generated ones would be chance.
"""

import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from gansmith.distributed.track import track
from gansmith.errors import UserError
from gansmith.evaluate.feature_cache import folder, kept, tensor_digest

RECIPE = "conv 32-32-pool-64-64-pool, dense 128; AdamW 3e-3 one-cycle; 2"  # changes whenever the trained net would
LARGEST = 32  # longer sides are averaged down to this: class features need no more, and a step takes a quarter of 64's
ENOUGH = 100  # images of a class, on average, to learn from
LEAST = 600  # steps of training, and 8 epochs
TRIED = 5  # steps after which it is told how long training takes


class Network(nn.Module):
    """Convolutions 32-32-pool-64-64-pool with batch norm, then 128 ReLU features, then `classes` logits."""

    def __init__(self, channels: int, height: int, width: int, classes: int):
        super().__init__()

        def block(inside, outside):
            return [
                nn.Conv2d(inside, outside, 3, padding=1, bias=False),
                nn.BatchNorm2d(outside),
                nn.ReLU(inplace=True),
            ]

        self.body = nn.Sequential(
            *block(channels, 32), *block(32, 32), nn.MaxPool2d(2, ceil_mode=True),
            *block(32, 64), *block(64, 64), nn.MaxPool2d(2, ceil_mode=True), nn.Flatten(),
        )  # fmt: skip
        flat = 64 * math.ceil(math.ceil(height / 2) / 2) * math.ceil(math.ceil(width / 2) / 2)
        self.dense = nn.Sequential(nn.Linear(flat, 128, bias=False), nn.BatchNorm1d(128), nn.ReLU(inplace=True))
        self.logits = nn.Linear(128, classes)
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("std", torch.ones(channels, 1, 1))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        x = (shrink(images) / 255 - self.mean) / self.std
        return self.dense(self.body(x.contiguous(memory_format=torch.channels_last)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits(self.features(images))


class Classifier:
    """uint8 (n, C, H, W) -> (n, 128) float32 features, in evaluation mode; arrays give arrays, tensors give tensors.

    `labels` are the class names in the order of the logits, `name` goes into the protocol card.
    """

    def __init__(self, network: Network, labels: np.ndarray, shape: tuple[int, int, int]):
        self.network, self.labels, self.shape = network.eval(), labels, shape
        self.name = f"classifier-{tensor_digest(*network.state_dict().values())}"

    def __call__(self, images):
        return self._map(images, self.network.features)

    def probabilities(self, images):
        """(n, classes) float32 class probabilities p(y|x), as the inception score takes them."""
        return self._map(images, lambda x: self.network(x).softmax(1))

    def predict(self, images) -> np.ndarray:
        """(n,) predicted labels, in the values the net was trained with."""
        return self.labels[np.asarray(torch.as_tensor(self.probabilities(images)).cpu()).argmax(1)]

    def accuracy(self, images, labels) -> float:
        """Share of `images` whose prediction is their label, in [0, 1]."""
        return float((self.predict(images) == np.asarray(labels)).mean())

    @torch.no_grad()
    def _map(self, images, function):
        pixels = as_bytes(images)
        if tuple(pixels.shape[1:]) != self.shape:
            raise UserError(
                f"this classifier reads images of shape (n, {', '.join(map(str, self.shape))}) and got "
                f"{tuple(pixels.shape)}; resize or convert them first."
            )
        device = self.network.mean.device
        out = torch.cat([function(part.to(device).float()) for part in pixels.split(500)])
        return out if isinstance(images, torch.Tensor) else out.cpu().numpy()


def enough_to_learn(labels) -> bool:
    """Whether a classifier can learn from items with these labels: ENOUGH of each class, on average."""
    return len(labels) >= ENOUGH * len(np.unique(labels))


class TooSlow(UserError):
    """Training would take longer than it may."""


def classifier(
    images, labels, *, seed: int = 0, cache: str | Path | None = None, seconds: float | None = None
) -> Classifier:
    """Train (or fetch from `cache`) a small classifier; its 128 penultimate activations are the features.

    `images`: uint8 (n, C, H, W); `labels`: (n,) integers or strings, two classes or more. The cache file is named by
    the content of both, the seed and the recipe. `cache` is a folder; None means `$GANSMITH_CACHE`, else
    `$XDG_CACHE_HOME/gansmith`. `seconds` is what training may take: TooSlow, after some steps, where it would be more.
    """
    from safetensors.torch import load_file, save_file

    pixels, labels = as_bytes(images), np.asarray(labels)
    if labels.shape != (len(pixels),):
        raise UserError(f"{len(pixels)} images but labels of shape {labels.shape}; give one label per image.")
    names, target = np.unique(labels, return_inverse=True)
    target = target.astype(np.int64)
    if len(names) < 2:
        raise UserError(
            f"all labels are {names.tolist()}; a classifier needs two classes. Use features='random' instead."
        )
    if not enough_to_learn(labels):
        raise UserError(
            f"{len(pixels)} images are too few for a classifier to learn {len(names)} classes from "
            f"({ENOUGH * len(names)} needed). Use features='random' instead."
        )
    if min(pixels.shape[2:]) < 4:
        raise UserError(f"images of {tuple(pixels.shape[2:])} pixels are too small; use features='pixels' instead.")
    shape = tuple(pixels.shape[1:])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def train() -> dict[str, torch.Tensor]:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = Network(*sizes)
            _train(network.to(device), pixels, torch.as_tensor(target), seconds)
        return {k: v.cpu().contiguous() for k, v in network.state_dict().items()}

    sizes = (shape[0], *shrink(pixels[:1].float()).shape[2:], len(names))
    path = folder(cache) / f"classifier-{tensor_digest(pixels, names.tolist(), target, seed, RECIPE)}.safetensors"
    network = Network(*sizes)
    network.load_state_dict(kept(path, train, load_file, save_file))
    return Classifier(network.to(device), names, shape)


@torch.enable_grad()
def _train(
    network: Network, pixels: torch.Tensor, target: torch.Tensor, seconds: float | None = None, batch: int = 128
) -> None:
    """AdamW on a one-cycle schedule, small random shifts; at least 8 epochs and LEAST steps."""
    device = network.mean.device
    for channel in range(pixels.shape[1]):
        count = torch.bincount(pixels[:, channel].flatten(), minlength=256).double() / pixels[:, channel].numel()
        level = torch.arange(256) / 255
        mean = (count * level).sum()
        network.mean[channel] = mean
        network.std[channel] = (count * (level - mean).square()).sum().sqrt() + 1e-6
    network.to(memory_format=torch.channels_last).train()
    batch = min(batch, len(pixels))
    per_epoch = len(pixels) // batch
    epochs = max(8, math.ceil(LEAST / per_epoch))
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=epochs * per_epoch, pct_start=0.25)
    pixels = torch.cat([shrink(part.float()).round().byte() for part in pixels.split(500)])
    most = max(pixels.shape[2:]) // 14  # pixels a picture may be shifted by: 2 of 28
    rows = (part for _ in range(epochs) for part in torch.randperm(len(pixels))[: per_epoch * batch].split(batch))
    begun = time.monotonic()
    for step, chosen in enumerate(track(rows, "training a classifier", epochs * per_epoch)):
        if seconds is not None and step == TRIED:
            needed = (time.monotonic() - begun) / TRIED * epochs * per_epoch
            if needed > seconds:
                raise TooSlow(f"a classifier would take {needed:.0f} s to train")
        x = pixels[chosen].to(device).float()
        if most:
            up, left = torch.randint(0, 2 * most + 1, (2,)).tolist()
            padded = F.pad(x, [most] * 4, mode="replicate")
            x = padded[:, :, up : up + x.shape[2], left : left + x.shape[3]]
        loss = F.cross_entropy(network(x), target[chosen].to(device), label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()


def shrink(images: torch.Tensor, largest: int = LARGEST) -> torch.Tensor:
    """Longer side averaged down to `largest` pixels; smaller images are left alone."""
    longest = max(images.shape[2:])
    if longest <= largest:
        return images
    size = [max(4, round(s * largest / longest)) for s in images.shape[2:]]
    return F.interpolate(images, size, mode="bilinear", antialias=True)


def as_bytes(images) -> torch.Tensor:
    """A uint8 (n, C, H, W) tensor; says which range was met when it is something else."""
    pixels = images if isinstance(images, torch.Tensor) else torch.from_numpy(np.require(images, requirements="W"))
    if pixels.ndim != 4:
        raise UserError(f"images have shape {tuple(pixels.shape)}; give (n, C, H, W), so grey ones as (n, 1, H, W).")
    if pixels.dtype != torch.uint8:
        low, high = float(pixels.min()), float(pixels.max())
        if low >= 0 and high <= 1:
            advice = "(x * 255 + 0.5).astype('uint8')"
        elif low >= -1 and high <= 1:
            advice = "(x * 127.5 + 128).clip(0, 255).astype('uint8')"
        else:
            advice = "x.round().clip(0, 255).astype('uint8') once the range is 0 to 255"
        kind = str(pixels.dtype).removeprefix("torch.")
        raise UserError(f"images are {kind} in [{low:.4g}, {high:.4g}]; evaluation reads uint8 0..255. Type {advice}.")
    return pixels
