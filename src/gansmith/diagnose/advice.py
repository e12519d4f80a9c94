"""What to change: as settings that can be applied as they are ({} where a game has none that would help), and in words.

Both fit the run: no advice names the GAN that it is given to or one that cannot take the data, or a remedy that the
run has already.
"""

from __future__ import annotations

from collections.abc import Callable

from gansmith.diagnose.log_history import Past
from gansmith.gans import GAMES
from gansmith.gans.recommend import pairing_loss

FEW_BATCHES = 50  # of the data in a pass, below which larger batches only mean fewer steps


def nothing(past: Past) -> dict:
    return {}


def calmer(past: Past) -> dict:
    """Half the step sizes."""
    names = ("learning_rate", "learning_rate_end", "discriminator_learning_rate")
    return {name: past.settings[name] / 2 for name in names if past.settings.get(name)}


def moving(past: Past) -> dict:
    """A step size, where there is none."""
    return {} if past.settings.get("learning_rate") else {"learning_rate": 2e-4}


def weaker_discriminator(past: Past) -> dict:
    """More of the penalty that the game has; else the loss that does not saturate; else a slower critic."""
    has = past.settings
    if has.get("gamma") is not None and "gamma_end" in has:  # R1 and R2; other papers call other things gamma
        return {"gamma": 4 * has["gamma"] or 1.0, "gamma_end": 4 * (has["gamma_end"] or 0.0) or 1.0}
    if has.get("penalty") is not None:
        return {"penalty": 4 * has["penalty"] or 1.0}
    if has.get("r1"):
        return {"r1": 4 * has["r1"]}
    if has.get("loss") == "minimax":
        return {"loss": "non-saturating"}
    rate = has.get("discriminator_learning_rate") or has.get("learning_rate")
    return {"discriminator_learning_rate": rate / 4} if rate and "discriminator_learning_rate" in has else {}


def both(past: Past) -> dict:
    """A weaker critic and half the step sizes."""
    return calmer(past) | weaker_discriminator(past)


def damped(past: Past) -> dict:
    """More of the penalty that the game has; else R1; else steps that look ahead."""
    has = past.settings
    if any(name in has for name in ("penalty", "gamma_end")) or has.get("r1"):
        return weaker_discriminator(past)
    if "r1" in has:
        return {"r1": 1.0 if past.of_pictures else 0.1}
    return {"stepping": "extragradient"} if has.get("stepping") == "plain" else {}


def several(past: Past) -> dict:
    """Two items judged as one, which shows what is lost of the variety; else a discriminator that sees its company."""
    has = past.settings
    if has.get("packing") == 1 and not has.get("conditional"):
        return {"packing": 2}
    return {"minibatch": "deviation"} if has.get("minibatch") == "none" else weaker_discriminator(past)


def augmented(past: Past) -> dict:
    """Pictures: adaptive augmentation; all else, or where that is on already: a weaker critic."""
    pictures = past.of_pictures and past.settings.get("augment") == "none"
    return {"augment": "ada"} if pictures else weaker_discriminator(past)


# --- in words: each a remedy, or "" where this run cannot have it or has it already ----------------------------------
def says(start: str, *remedies: Callable[[Past], str]) -> Callable[[Past], str]:
    """A sentence of those remedies that the run can have, the most effective first."""

    def sentence(past: Past) -> str:
        parts = [said for remedy in remedies if (said := remedy(past))]
        if not parts:
            return start.rstrip(":;,") + "."
        *first, last = parts
        return f"{start} {', '.join(first)}{', or ' if len(first) > 1 else ' or ' if first else ''}{last}."

    return sentence


def loss(past: Past) -> str:
    if past.settings.get("loss") == "minimax":
        return "use the non-saturating loss (--loss non-saturating)"
    return pairing(past)


def pairing(past: Past) -> str:
    name = pairing_loss(GAMES.get(past.game), past.form)
    return f"use a loss that pairs real and generated samples ({name})" if name else ""


def restrain(past: Past) -> str:
    change = weaker_discriminator(past)
    if any(name in change for name in ("gamma", "penalty", "r1")):
        return "increase the gradient penalty"
    return "lower the discriminator's learning rate" if "discriminator_learning_rate" in change else ""


def packing(past: Past) -> str:
    if past.settings.get("packing") == 1 and not past.settings.get("conditional"):
        return "show the discriminator several samples at once (--packing 2)"
    return "let it see how much a batch varies (--minibatch deviation)" if _has_none(past, "minibatch") else ""


def batches(past: Past) -> str:
    """Larger ones, where a pass over the data still is many steps."""
    size = past.options.get("batch_size") or 64
    return f"use larger batches (--batch-size {2 * size})" if past.items >= FEW_BATCHES * size else ""


def more_data(past: Past) -> str:
    return "augment the data (--augment ada)" if past.of_pictures and _has_none(past, "augment") else ""


def smaller(past: Past) -> str:
    width = past.settings.get("width")
    return f"use a smaller network (--width {width // 2})" if isinstance(width, int) and width > 1 else ""


def wider(past: Past) -> str:
    width = past.settings.get("width")
    return f"use a larger network (--width {2 * width})" if isinstance(width, int) else ""


def longer(past: Past) -> str:
    return "train longer"


def extragradient(past: Past) -> str:
    return "use extragradient (--stepping extragradient)" if past.settings.get("stepping") == "plain" else ""


def decayed(past: Past) -> str:
    return "let the learning rate fall to 0 (--decay 0.5)" if past.settings.get("decay") == 0 else ""


def _has_none(past: Past, name: str) -> bool:
    return past.settings.get(name) == "none"
