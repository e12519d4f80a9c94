"""`model.gan`: one file that says what it holds. Safetensors (no pickle) with a JSON header.

Header: the game's name, its settings, the DataSpec, how it was trained, and a digest over all of it and every tensor.
Tensors: the game's state without what only training needs (`Game.training_only`), and under `raw.` the networks that
moved in training where an average took their name.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from gansmith.atomic import replacing
from gansmith.data.schema import alike, are, check, is_count, is_finite, is_table_of_texts
from gansmith.data.spec import Kind
from gansmith.errors import UserError
from gansmith.game import Game
from gansmith.training.version_0_1 import completed, is_old, now, renamed
from gansmith.version import __version__

FORMAT = 1
HEADER = {"game": str, "settings": dict, "spec": dict, "trained": dict}
TRAINED = {
    "finished": bool,
    "enough": str,
    "rounds": is_count,
    "samples": is_count,
    "seconds": is_finite,
    "seed": int,
    "batch_size": is_count,
    "val": is_finite,
    "precision": str,
    "data": str,
    "digest": str,
    "skipped": dict,
}
SPARE = 1_000_000  # parameters that a game may have beside those in its file
MOST_PASSING = 2**28  # numbers that only training needs, such as CycleGAN's pools


def write(game: Game, path) -> Path:
    """Write a built game to `path`."""
    game.check_is_fitted()
    path = Path(path)
    passing = _passing(game)
    tensors = {name: value.detach().cpu().clone() for name, value in game.state_dict().items() if name not in passing}
    for network, module in game.raw.items():
        for name, value in module.state_dict().items():
            tensors[f"raw.{network}.{name}"] = value.detach().cpu().clone()
    about = {
        "format": FORMAT,
        "gansmith": __version__,
        "game": game.name,
        "module": type(game).__module__,
        "networks": names_of(game.own_networks),
        "settings": game.settings(),
        "spec": game.spec.to_json(),
        "averaged": list(game.raw),
        "trained": game.trained,
    }
    text = json.dumps(about)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        # Through bytes: the library's own file writer makes files that only their owner may read.
        beside.write_bytes(save(tensors, metadata={"gansmith": text, "digest": _digest(text, tensors)}))
    return path


def read_header(path) -> dict:
    """What the file says of itself, without reading its tensors."""
    return _read(path, tensors=False)[0]


def read(path, games: dict[str, type[Game]], device="cpu", networks: Mapping | None = None) -> Game:
    """The game of a file, its averaged networks in place, on `device`.

    games     name -> class; of files of version 0.1 the name is that of the class
    networks  the user's own, where the game was trained with such: "generator" or "discriminator" -> module
    """
    about, tensors = _read(path)
    game = games.get(about["game"]) or {cls.__name__: cls for cls in games.values()}.get(about["game"])
    if game is None or (ours(game.__module__) and not ours(about.get("module", "gansmith.gans"))):
        raise UserError(
            f"{path} holds a game named {about['game']}: pass its class as load(path, game={about['game']}), or type "
            f"--game FILE.py:{about['game']}"
        )
    networks = given_again(path, about, networks or {}, "gansmith.load")
    raw = {}
    for network in about["averaged"]:
        prefix = f"raw.{network}."
        raw[network] = {k.removeprefix(prefix): tensors.pop(k) for k in list(tensors) if k.startswith(prefix)}
    try:
        spec = Kind.from_json(about["spec"])
        check_numbers(tensors, raw)
        if not networks:  # somebody's own are there already, and look at values
            check_fit(game(**about["settings"]), spec, tensors, raw)
        game = game(**about["settings"], **networks)
        game.build(spec)
        game.spec, game.trained = spec, about["trained"]
        game.load_state_dict(_passing(game) | tensors)
        game.use_averages({name: copy.deepcopy(getattr(game, name)) for name in raw})
        for network, state in raw.items():
            game.raw[network].load_state_dict(state)
            game.raw[network].to(device)
    except MemoryError:
        raise
    except Exception as error:  # a file from outside: whatever it makes of itself, it is no model
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{path} does not fit {about['game']} of gansmith {__version__}: {reason}") from error
    return game.to(device).eval()


def names_of(networks: dict[str, nn.Module]) -> dict[str, str]:
    """ "generator" or "discriminator" -> "module.Class" of a network of the user's own: of it, a file keeps the weights
    only."""
    return {place: f"{type(net).__module__}.{type(net).__qualname__}" for place, net in networks.items()}


def given_again(path, about: dict, networks: dict[str, nn.Module | None], call: str) -> dict[str, nn.Module]:
    """`networks`, if they are those that the game in `path` was trained with, as far as their places tell."""
    networks, listed = {k: v for k, v in networks.items() if v is not None}, about.get("networks", {})
    if missing := [place for place in listed if place not in networks]:
        names = ", ".join(f"{place} {listed[place]}" for place in missing)
        again = ", ".join(f"{place}=…" for place in listed)
        raise UserError(
            f"{path} was trained with networks of your own ({names}), of which only the weights are kept: pass such "
            f"networks again from Python, {call}({str(path)!r}, {again})"
        )
    if extra := [place for place in networks if place not in listed]:
        raise UserError(f"{path} was trained with the paper's own {extra[0]}: leave {extra[0]}= out")
    return networks


def check_fit(game: Game, spec: Kind, tensors: dict[str, Tensor], raw: dict[str, dict]) -> None:
    """ValueError unless `game`, built for `spec`, has these tensors, and no others but what only training needs.

    Found before any memory is taken for them: on the device "meta", whose tensors have a shape and no content, and
    not beyond twice the size of the tensors that are there, as a parametrised weight is registered twice. So a small
    file that names huge layers is small to refuse.
    """
    held = sum(x.numel() for x in tensors.values())
    room = {"parameters": 2 * held + SPARE, "parts": 100 * len(tensors) + 10_000}

    def count(module, name, part) -> None:
        room["parts"] -= 1
        room["parameters"] -= part.numel() if isinstance(part, nn.Parameter) else 0
        if min(room.values()) < 0:
            raise ValueError("its networks are larger than what the file holds")

    hooks = [register_module_parameter_registration_hook(count), register_module_module_registration_hook(count)]
    try:
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            game.build(spec)
    except (RuntimeError, NotImplementedError):
        if ours(type(game).__module__):
            raise
        return  # somebody's code that looks at values while it builds: it is compared when the weights are loaded
    finally:
        for hook in hooks:
            hook.remove()
    wanted, passing = game.state_dict(), _passing(game)
    if sum(x.numel() for x in passing.values()) > MOST_PASSING:
        raise ValueError("what it keeps for training only is larger than any game's")
    alike(tensors, {name: value for name, value in wanted.items() if name not in passing}, "the game")
    for network, held in raw.items():
        if network not in game.averaged:
            raise ValueError(f"{network} is no averaged network")
        alike(held, getattr(game, network).state_dict(), f"raw.{network}")


def check_numbers(tensors: dict[str, Tensor], raw: dict[str, dict[str, Tensor]]) -> None:
    """ValueError unless every weight is a number."""
    for part in (tensors, *raw.values()):
        for name, x in part.items():
            if x.is_floating_point() and not torch.isfinite(x).all():
                raise ValueError(f"{name} holds values that are not numbers")


def ours(module: str) -> bool:
    """Whether a module is part of gansmith, so that its class of some name is not somebody else's of the same name."""
    return module.partition(".")[0] == "gansmith"


def _passing(game: Game) -> dict[str, Tensor]:
    """The part of the state that only training needs."""
    return {name: value for name, value in game.state_dict().items() if name.split(".")[0] in game.training_only}


def _read(path, tensors: bool = True) -> tuple[dict, dict[str, Tensor]]:
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        with safe_open(str(path), framework="pt") as file:
            head = file.metadata() or {}
            held = {k: file.get_tensor(k) for k in (file.keys() if tensors else ())}
    except MemoryError:
        raise
    except Exception as error:
        raise UserError(f"{path} is cut short or not a gansmith model ({' '.join(str(error).split())})") from None
    if "gansmith" not in head:
        raise UserError(f"{path} is a safetensors file, but not one that gansmith wrote")
    if tensors and _digest(head["gansmith"], held) != head.get("digest"):
        raise UserError(f"{path} was changed after it was written: its digest does not match. Take the original file")
    try:
        about = json.loads(head["gansmith"])
    except (ValueError, RecursionError):
        raise UserError(f"{path} is damaged: its header cannot be read") from None
    check(about, {"format": is_count, "gansmith": str, "averaged": are(str)}, f"{path}")
    if is_old(about["gansmith"]):
        about, held = renamed(about) | {"averaged": [now(name) for name in about["averaged"]]}, renamed(held)
    if about["format"] > FORMAT:
        raise UserError(f"{path} was written by gansmith {about['gansmith']}: update with pip install -U gansmith")
    check(about, HEADER, f"{path}", {"module": str, "networks": is_table_of_texts})
    check(about["trained"], {}, f"{path}: 'trained'", TRAINED)
    return completed(about), held


def _digest(text: str, tensors: dict[str, Tensor]) -> str:
    total = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        total.update(f"{name}{value.dtype}{tuple(value.shape)}".encode())
        total.update(value.reshape(-1).view(torch.uint8).numpy())
    return total.hexdigest()
