"""What version 0.1 called things and what it had no setting for, so that its runs and models are read as today's."""

from __future__ import annotations

import re

NAMES = {  # parts of the names of settings, players, tensors, logged numbers and fields of settings.json
    "critic": "discriminator",
    "centre": "center",
    "optimisers": "optimizers",
    "chance": "rng",
    "slope_real": "gradient_norm_real",
    "slope_fake": "gradient_norm_fake",
}
WHOLE = {  # whole words of those names, between dots and slashes
    "usual": "lecam_ema",
    "reader": "text_encoder",
    "looker": "image_encoder",
    "said": "text_embedding",
    "eyes": "feature_net",
    "second.layers.5": "second.score",
}
UNSAID = {  # game -> what it was before a setting was
    "f-anogan": {"layer_norm": True},
    "FAnoGAN": {"layer_norm": True},  # the oldest files name the class
    "stylegan2": {"output": "linear", "generator_step": 1.0},
}
OLD = re.compile("|".join([*NAMES, *(rf"(?<![^./]){re.escape(word)}(?![^./])" for word in WHOLE)]))


def renamed(about):
    """`about` (anything of dicts, lists, texts and tensors) of a file of version 0.1, every name in it as it is now.

    Texts that are values stay, since they are a user's: names of columns and classes, paths, notes.
    """
    if isinstance(about, dict):
        return {_now_beside(key, about) if isinstance(key, str) else key: renamed(v) for key, v in about.items()}
    if isinstance(about, (list, tuple)):
        return type(about)(map(renamed, about))
    return about


def completed(about: dict) -> dict:
    """`about` of any file, with the settings that its game had not yet, as the game was then."""
    return about | {"settings": UNSAID.get(about["game"], {}) | about["settings"]}


def now(name: str) -> str:
    """The present name of one thing."""
    return OLD.sub(lambda found: (NAMES | WHOLE)[found[0]], name)


def _now_beside(key: str, others: dict) -> str:
    """The present name of a logged number: a loss called as D's scores are now has become a cost."""
    player, _, number = key.partition("/")
    return f"{player}/cost_{number}" if player == "discriminator" and f"critic/{number}" in others else now(key)


def is_old(version: str) -> bool:
    """Whether a file that says it was written by this version of gansmith uses the old names."""
    return version.startswith("0.1.")
