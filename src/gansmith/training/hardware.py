"""Where training runs: device, precision, threads, memory."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path

import torch
from torch import nn

from gansmith.data.spec import Kind
from gansmith.errors import UserError
from gansmith.networks.conv2d_gradfix import has_amx_bf16

CONTAINERS = [  # (limit, use) of memory in control groups, of version 2 and of version 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
]


def pick_device(choice: str = "auto") -> torch.device:
    """`auto` takes cuda (this process's card under torchrun), else mps, else cpu."""
    if choice == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(choice)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"device '{choice}' cannot be used here ({reason}): type auto or cpu") from None
    return device


def pick_precision(choice: str, device: torch.device, form: Kind | type[Kind]) -> str:
    """`fp32` or `bf16`. `auto` takes bf16 for pictures where this machine multiplies it at least 1.5 times as fast."""
    if choice not in ("auto", "fp32", "bf16"):
        raise UserError(f"precision '{choice}': choose auto, fp32 or bf16")
    if choice != "auto":
        return choice
    if not form.bf16 or device.type == "mps":
        return "fp32"
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if bf16_is_quick() else "fp32"


@cache
def bf16_is_quick() -> bool:
    """Whether this processor multiplies bf16 at least 1.5 times as fast as fp32; measured once a process."""
    with prepared(torch.device("cpu"), threads=1):  # more would wait for each other beside a busy neighbour
        single = _product_seconds(torch.float32)
        return single > 1.5 * _product_seconds(torch.bfloat16, enough=5 * single)


def _product_seconds(dtype, size: int = 512, times: int = 5, enough: float = float("inf")) -> float:
    """The least of a few trials; the first, where it takes more than `enough`: without support it takes a hundred."""
    a = torch.ones(size, size, dtype=dtype)
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
        if best > enough:
            break
    return best


def casting(precision: str, device: torch.device):
    """The context in which losses run."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def arrange(game, device: torch.device, precision: str) -> None:
    """The order of feature maps that is the quickest here (docs/performance.md)."""
    if precision == "bf16" and (device.type == "cuda" or (device.type == "cpu" and has_amx_bf16())):
        channels_last(game)


def channels_last(game) -> None:
    """Let the convolutions of the game's networks see feature maps in the order in which bf16 is multiplied.

    Each hands on the order it is given, so little is copied; what becomes of the numbers is rounding.
    """
    for module in game.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_pre_hook(_last)


def _last(module: nn.Module, given):
    return tuple(x.contiguous(memory_format=torch.channels_last) for x in given)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def prepared(device: torch.device, threads: int | None = None):
    """Process-wide settings for training, restored after.

    A saturated critic makes gradients subnormal, which slows a CPU ten times: they are flushed to zero.
    threads  of the CPU's operations, at most one a core; None: as many as torch has
    """
    before = torch.get_num_threads()
    flushed = torch.set_flush_denormal(True)
    if threads and device.type == "cpu":
        torch.set_num_threads(min(threads, cores()))
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if flushed:
            torch.set_flush_denormal(False)


def machine(device: torch.device) -> str:
    """In words, for the report: 'Intel Xeon …, 2 cores, Linux'."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, {platform.system()}"
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            name = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), name)
    except OSError:
        pass  # not Linux
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def resident_memory() -> int:
    """Bytes of memory this process holds now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be taken: of the card, or of this machine within its container; None: nobody says."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        with open("/proc/meminfo") as file:
            fields = dict(line.split(":") for line in file)
        free = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return None
    for limit, used in CONTAINERS:
        with suppress(OSError, ValueError):  # no container, or "max"
            free = min(free, int(Path(limit).read_text()) - int(Path(used).read_text()))
    return free


def peak_memory(device: torch.device) -> int:
    """Bytes: of the card where there is one, else the largest this process has been."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
