"""The GAT networks (Hyun, Lee & Heo 2026, https://arxiv.org/abs/2509.24935): plain transformers over the patches of a
small picture of any channels, which the sides of a patch must divide.

Attention is torch's fused one. On a CPU that can be differentiated once only, which is all that the game asks of it:
its penalties are differences, not derivatives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import UserError
from gansmith.networks.blocks import Discriminator
from gansmith.networks.style import Mapping

HEAD = 32  # channels of an attention head, where they divide the width
FEW = 256  # tokens up to which attention is written out on a CPU
START = 0.1  # how much a block adds to its input at the start (LayerScale), and the gain of what a style scales by


def patches(x: Tensor, side: int) -> Tensor:
    """(n, C, H, W) to (n, H/side · W/side, C·side²), row by row."""
    n, channels, height, width = x.shape
    x = x.reshape(n, channels, height // side, side, width // side, side)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(n, -1, channels * side**2)


def unpatched(x: Tensor, side: int, grid: tuple[int, int]) -> Tensor:
    """`patches` undone: (n, rows · columns, C·side²) to (n, C, rows·side, columns·side), for a grid (rows, columns)."""
    x = x.unflatten(2, (-1, side, side)).unflatten(1, grid).permute(0, 3, 1, 4, 2, 5)
    return x.flatten(4, 5).flatten(2, 3)


def positions(grid: tuple[int, int], width: int) -> Tensor:
    """(rows · columns, width) sines and cosines of the row, then of the column, of frequencies 1 … 1/10000 (Vaswani et
    al. 2017, section 3.5)."""
    if width % 4:
        raise UserError(f"width={width}: a transformer's width must be a multiple of 4; take {4 * (width // 4 + 1)}")
    frequency = 10_000.0 ** -(torch.arange(width // 4) / (width // 4))
    rows, columns = torch.meshgrid(*(torch.arange(side).float() for side in grid), indexing="ij")
    angles = [place.reshape(-1, 1) * frequency for place in (rows, columns)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], 1)


class Attention(nn.Module):
    """Every token looks at every token: softmax(q kᵀ / √d) v for each head, q and k of root mean square 1 a head."""

    def __init__(self, width: int):
        super().__init__()
        self.heads = next(h for h in range(max(1, width // HEAD), 0, -1) if width % h == 0)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm_q, self.norm_k = (nn.RMSNorm(width // self.heads, eps=1e-6) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, k = of_size_one(q, self.norm_q), of_size_one(k, self.norm_k)
        return self.out(attended(q, k, v).transpose(1, 2).flatten(2))


def of_size_one(x: Tensor, norm: nn.RMSNorm) -> Tensor:
    """`norm` in the precision of x: where its weights have another, torch has no kernel for it and warns."""
    return F.rms_norm(x, x.shape[-1:], norm.weight.to(x.dtype), norm.eps)


def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q kᵀ / √d) v of (n, heads, tokens, d). On a CPU torch's fused one takes two to six times as long in bf16,
    forth and back, for as few tokens as a CPU can play (benchmarks/operations.py)."""
    if q.device.type == "cpu" and q.shape[2] <= FEW:
        return (q @ k.transpose(2, 3) * q.shape[3] ** -0.5).softmax(3) @ v
    return F.scaled_dot_product_attention(q, k, v)


class SwiGLU(nn.Module):
    """out(silu(a) ⊙ b) (Shazeer 2020), as many weights as two layers with four times the width between."""

    def __init__(self, width: int):
        super().__init__()
        inner = 8 * width // 3
        self.gated, self.out = nn.Linear(width, 2 * inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.gated(x).chunk(2, 2)
        return self.out(F.silu(a) * b)


class Block(nn.Module):
    """x + g₁ ⊙ attention((1 + s₁) ⊙ n(x)), then + g₂ ⊙ mlp((1 + s₂) ⊙ n(x)), n the root-mean-square norm.

    modulation  s₁, g₁, s₂, g₂: (4, width), or (n, 4, 1, width) of each item
    """

    def __init__(self, width: int):
        super().__init__()
        self.attention, self.mlp = Attention(width), SwiGLU(width)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        (s1, g1, s2, g2), width = modulation.unbind(-2 if modulation.dim() == 2 else 1), x.shape[2:]
        x = x + g1 * self.attention((1 + s1) * F.rms_norm(x, width, eps=1e-6))
        return x + g2 * self.mlp((1 + s2) * F.rms_norm(x, width, eps=1e-6))


class TransformerGenerator(nn.Module):
    """(n, latent) noise to (n, levels, C, H, W), unbounded, float32: the picture as it stands after each part of the
    blocks, to which that part's head has added. The last is the picture.

    Tokens begin as their positions; noise and label come in by a style, which scales what each block reads and adds.
    shape   (C, H, W) of a picture, its sides multiples of `patch`
    depth   blocks;  levels  heads, evenly spaced among them, at most as many
    """

    def __init__(
        self,
        latent: int,
        shape: tuple[int, int, int],
        width: int,
        classes: int = 0,
        *,
        depth: int = 4,
        patch: int = 2,
        levels: int = 4,
    ):
        super().__init__()
        self.latent, self.patch = latent, patch
        self.grid = (shape[1] // patch, shape[2] // patch)
        self.mapping = Mapping(latent, width, 2, classes)
        self.register_buffer("position", positions(self.grid, width), persistent=False)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.styles = nn.ModuleList(nn.Linear(width, 4 * width) for _ in range(depth))
        levels = min(levels, depth)
        self.after = [depth * (k + 1) // levels for k in range(levels)]  # blocks that stand before each head
        self.heads = nn.ModuleList(nn.Linear(width, shape[0] * patch**2) for _ in self.after)
        self.head_styles = nn.ModuleList(nn.Linear(width, width) for _ in self.after)
        started(self)
        for layer in (*self.styles, *self.head_styles):
            nn.init.xavier_uniform_(layer.weight, gain=START)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        style = F.silu(self.mapping(z, label))
        x, picture, made = self.position.expand(len(z), -1, -1), 0.0, []
        for i, (block, modulation) in enumerate(zip(self.blocks, self.styles, strict=True), 1):
            x = block(x, modulation(style).unflatten(1, (4, 1, -1)))
            if i in self.after:
                head, scale = self.heads[len(made)], self.head_styles[len(made)](style)[:, None]
                tokens = head((1 + scale) * F.rms_norm(x, x.shape[2:], eps=1e-6))
                picture = picture + unpatched(tokens.float(), self.patch, self.grid)
                made.append(picture)
        return torch.stack(made, 1)


class TransformerDiscriminator(Discriminator):
    """(n, C, H, W) to scores (n,): one token more than there are patches, which is read at the end."""

    def __init__(self, shape: tuple[int, int, int], width: int, classes: int = 0, *, depth: int = 4, patch: int = 2):
        super().__init__(width, classes, bias=False)
        self.patch = patch
        self.embed_patches = nn.Linear(shape[0] * patch**2, width)
        place = positions((shape[1] // patch, shape[2] // patch), width)
        self.register_buffer("position", place, persistent=False)
        self.reader = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        start = torch.tensor([0.0, START, 0.0, START])[:, None].expand(4, width)
        self.modulations = nn.ParameterList(nn.Parameter(start.clone()) for _ in range(depth))
        self.norm = nn.RMSNorm(width, eps=1e-6)
        started(self)

    def features(self, x: Tensor) -> Tensor:
        x = self.embed_patches(patches(x, self.patch)) + self.position
        x = torch.cat([self.reader.expand(len(x), -1, -1).to(x.dtype), x], 1)
        for block, modulation in zip(self.blocks, self.modulations, strict=True):
            x = block(x, modulation)
        return self.norm(x[:, 0])


def started(module: nn.Module) -> None:
    """Linear layers by Glorot's uniform law, their biases 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
