"""Write docs/papers.md from proofs/results.json: what each paper reports, beside what our proof found.

python proofs/papers.py
"""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "papers.md"
STANDING = ("passed", "protocol", "seed", "control", "command", "commit", "machine", "gansmith", "torch", "date")
MORE = ("floor", "goal")

# Entry of results.json -> (paper, file in gans/, what the paper or its authors report).
PAPERS = {
    "gan": ("GAN, Goodfellow et al. 2014", "gan", "Parzen log-likelihood on MNIST 225 ± 2"),
    "dcgan": ("DCGAN, Radford et al. 2016", "dcgan", "features of D: CIFAR-10 82.8 % with a linear SVM"),
    "wgan_gp": ("WGAN-GP, Gulrajani et al. 2017", "wgan_gp", "all 25 Gaussians; CIFAR-10 inception score 7.86 ± .07"),
    "r3gan": ("R3GAN, Huang et al. 2024", "r3gan", "StackedMNIST: both penalties 1000 modes, R1 alone fails"),
    "grid25": ("R3GAN, default settings", "r3gan", "—"),
    "mnist": ("R3GAN, default settings, two minutes", "r3gan", "—"),
    "lsgan": ("LSGAN, Mao et al. 2017", "lsgan", "eight Gaussians where the regular loss collapses"),
    "sngan": ("SNGAN, Miyato et al. 2018", "sngan", "CIFAR-10 FID 21.7 ± .21"),
    "dragan": ("DRAGAN, Kodali et al. 2017", "dragan", "stable where the vanilla game collapses"),
    "wgan": ("WGAN, Arjovsky et al. 2017", "wgan", "a critic's loss that follows sample quality"),
    "began": ("BEGAN, Berthelot et al. 2017", "began", "the ratio of losses is held at γ"),
    "cgan": ("cGAN, Mirza & Osindero 2014", "cgan", "Parzen log-likelihood on MNIST 132 ± 1.8"),
    "acgan": ("AC-GAN, Odena et al. 2017", "acgan", "CIFAR-10 inception score 8.25 ± .07"),
    "infogan": ("InfoGAN, Chen et al. 2016", "infogan", "5 % error of the code as a classifier of MNIST"),
    "improved_gan": (
        "Improved techniques, Salimans et al. 2016",
        "improved_gan",
        "93 ± 6.5 wrong of 10,000, 100 labels",
    ),
    "vae": ("VAE, Kingma & Welling 2014", "vae", "a lower bound on the likelihood that rises"),
    "vae_gan": ("VAE-GAN, Larsen et al. 2016", "vae_gan", "sharper than a VAE"),
    "anogan": ("AnoGAN, f-AnoGAN, Schlegl et al. 2017, 2019", "anogan", "OCT: AUC 0.89 and 0.93"),
    "pix2pix": (
        "pix2pix, Isola et al. 2017",
        "pix2pix",
        "Cityscapes labels → photo, FCN pixels right: L1 .42, L1 + cGAN .66",
    ),
    "cyclegan": ("CycleGAN, Zhu et al. 2017", "cyclegan", "Cityscapes labels → photo, FCN pixels right .52"),
    "srgan": ("SRGAN, Ledig et al. 2017", "srgan", "BSD100 ×4: SRResNet 27.58 dB, SRGAN 25.16 dB but sharper"),
    "gan_int_cls": ("GAN-INT-CLS, Reed et al. 2016", "gan_int_cls", "CUB birds: inception score 2.88 ± .04"),
    "neural_crypto": (
        "Neural cryptography, Abadi & Andersen 2016",
        "neural_crypto",
        "stops at Bob < 0.02 bits wrong, Eve > 7.7 of 16 (released code)",
    ),
    "f_anogan": ("f-AnoGAN, Schlegl et al. 2019", "anogan", "OCT: AUC 0.93"),
    "refine-25-gaussians-fresh-ratio": ("the same, a fresh ratio", "", "—"),
    "evaluate-blindness": ("which number sees which failure", "", "see docs/evaluate.md"),
    "refine-four-gaussians": ("MH-GAN and DRS, one dimension", "", "DRS with γ loses the mode, MH keeps it"),
    "refine-25-gaussians": ("MH-GAN, 25 Gaussians", "", "more modes of high quality at every epoch"),
}

HEAD = """# Papers against ours

What each paper reports, and what our proof found on a laptop's budget. Numbers on other data, budgets or feature nets
cannot be compared with the paper's: the goal, the floor and the control say what ours is worth. **Missed** means that
the proof ran and did not reach its goal. Written by `python proofs/papers.py` from `proofs/results.json`, where each
entry has its seed, commit, machine and command.

| paper | file | the paper reports | our proof | goal | floor | control, which must fail |
| --- | --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    results = json.loads((HERE / "results.json").read_text())
    rows = [row(name, results[name]) for name in sorted(results, key=place)]
    waiting = [f"`proofs/{name}.py`" for name in PAPERS if name not in results and (HERE / f"{name}.py").exists()]
    note = f"\nProofs that have not been run here yet: {', '.join(waiting)}.\n" if waiting else ""
    return HEAD + "".join(rows) + note


def place(name: str):
    return list(PAPERS).index(name) if name in PAPERS else len(PAPERS), name


def row(name: str, entry: dict) -> str:
    paper, file, reported = PAPERS.get(name, (name, "", "—"))
    found = {k: v for k, v in entry.items() if k not in STANDING + MORE}
    verdict = "" if entry["passed"] else "**Missed.** "
    link = f"[{file}.py](../src/gansmith/gans/{file}.py)" if file else ""
    cells = [paper, link, reported, verdict + spell(found), entry.get("goal", "—"), spell(entry.get("floor", "—"))]
    return "| " + " | ".join(short(cell) for cell in [*cells, spell(entry["control"])]) + " |\n"


def short(cell: str, most: int = 300) -> str:
    """A table's cell; what is too long for it stands whole in results.json."""
    cell = cell.replace("|", "∣")
    return cell if len(cell) <= most else cell[: cell.rfind(" ", 0, most)] + " …"


def spell(value, depth: int = 0) -> str:
    """Numbers to four figures; of nested findings the first two levels."""
    if isinstance(value, dict):
        inner = [f"{key.replace('_', ' ')} {spell(one, depth + 1)}" for key, one in value.items()]
        return "; ".join(inner) if depth == 0 else f"({', '.join(inner)})" if depth < 3 else "…"
    if isinstance(value, list):
        return ", ".join(spell(one, depth + 1) for one in value[:12]) if len(value) <= 12 else f"{len(value)} values"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page())
