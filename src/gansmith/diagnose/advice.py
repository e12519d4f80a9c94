"""What to change, as settings that can be applied as they are; {} where a game has none that would help."""

from __future__ import annotations

from gansmith.diagnose.log_history import Past


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
