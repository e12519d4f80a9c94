"""What to change, as settings that can be applied as they are; {} where a game has none that would help."""

from __future__ import annotations

from gansmith.diagnose.past import Past


def nothing(past: Past) -> dict:
    return {}


def calmer(past: Past) -> dict:
    """Half the step sizes."""
    names = ("learning_rate", "learning_rate_end", "critic_learning_rate")
    return {name: past.settings[name] / 2 for name in names if past.settings.get(name)}


def moving(past: Past) -> dict:
    """A step size, where there is none."""
    return {} if past.settings.get("learning_rate") else {"learning_rate": 2e-4}


def weaker_critic(past: Past) -> dict:
    """More of the penalty that the game has; else the loss that does not saturate; else a slower critic."""
    has = past.settings
    if has.get("gamma") is not None and "gamma_end" in has:  # R1 and R2; other papers call other things gamma
        return {"gamma": 4 * has["gamma"] or 1.0, "gamma_end": 4 * (has["gamma_end"] or 0.0) or 1.0}
    if has.get("penalty") is not None:
        return {"penalty": 4 * has["penalty"] or 1.0}
    if has.get("loss") == "minimax":
        return {"loss": "non-saturating"}
    rate = has.get("critic_learning_rate") or has.get("learning_rate")
    return {"critic_learning_rate": rate / 4} if rate and "critic_learning_rate" in has else {}


def both(past: Past) -> dict:
    """A weaker critic and half the step sizes."""
    return calmer(past) | weaker_critic(past)


def damped(past: Past) -> dict:
    """A weaker critic; where there is no penalty to raise, steps that look ahead."""
    has = past.settings
    penalised = has.get("penalty") is not None or (has.get("gamma") is not None and "gamma_end" in has)
    return weaker_critic(past) if penalised or "stepping" not in has else {"stepping": "extragradient"}


def augmented(past: Past) -> dict:
    """Pictures: adaptive augmentation; all else, or where that is on already: a weaker critic."""
    pictures = past.spec.get("kind") == "images" and past.settings.get("augment") == "none"
    return {"augment": "ada"} if pictures else weaker_critic(past)
