"""Four times larger: does SRResNet beat bicubic interpolation on pictures it never saw, and SRGAN draw sharper?

    GANSMITH_DATA=… python proofs/srgan.py [--data FOLDER|ZIP] [--features FILE.npz] [--steps 1500]

$GANSMITH_DATA has sr_set5_set14_bsd34.zip, with folders Set5, Set14 and BSD68 of PNG files, and where there is one,
squeezenet1_1_imagenet_features.npz for the frozen net; the players learn from BSD68's 34 pictures. Measured: PSNR of
luma with a border of 4 pixels cut off, mean over pictures, against bicubic interpolation in the same pipeline; and
sharpness, the mean difference of neighbouring pixels, against that of the true pictures. Published for BSD100:
SRResNet 27.58 dB, SRGAN 25.16 dB, after a million rounds on 350,000 pictures. Control: an untrained SRResNet.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from record import record

import gansmith as gs
from gansmith.data.crops import enlarge, shrink
from gansmith.data.files import pictures_at
from gansmith.data.pictures import pixels
from gansmith.evaluate.pictures import psnr, sharpness

SMALL = {"width": 32, "blocks": 4, "crop": 48}


def pictures(folder: Path, scale: int) -> list[np.ndarray]:
    """Every picture (3, H, W), cut to a multiple of the scale."""
    found, out = pictures_at(folder), []
    for i in range(len(found)):
        with found.open(i) as image:
            height, width = (side // scale * scale for side in image.size[::-1])
            out.append(pixels(image.crop((0, 0, width, height)), (height, width), 3))
    return out


def main() -> None:
    parse = argparse.ArgumentParser()
    folder = Path(os.environ.get("GANSMITH_DATA", "."))
    eyes = folder / "squeezenet1_1_imagenet_features.npz"
    parse.add_argument("--data", default=str(folder / "sr_set5_set14_bsd34.zip"))
    parse.add_argument("--features", default=str(eyes) if eyes.is_file() else None, help="weights of the frozen net")
    parse.add_argument("--steps", type=int, default=1500)
    parse.add_argument("--adversarial", type=float, default=1e-3)
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    data = Path(asked.data).expanduser()
    test = {name: pictures(data / name, 4) for name in ("Set5", "Set14")}

    def measure(enlarged) -> dict:
        found = {}
        for name, true in test.items():
            made = [enlarged(shrink(x, 4)) for x in true]
            found[f"{name}_psnr"] = float(np.mean([psnr(x[None], y[None]) for x, y in zip(true, made)]))
            sharp = [sharpness(y[None]) / sharpness(x[None]) for x, y in zip(true, made)]
            found[f"{name}_sharpness"] = float(np.mean(sharp))
        print(found, flush=True)
        return found

    def play(steps, **settings):
        gan = gs.SRGAN(**SMALL, learning_rate=1e-3, features=asked.features, adversarial=asked.adversarial, **settings)
        gan.fit(data / "BSD68", steps=steps, batch_size=16, seed=asked.seed, val=0)
        return measure(lambda x: gan.translate(x[None])[0])

    bicubic = measure(lambda x: enlarge(x, 4))
    untrained = play(1, pretrain=1.0)
    resnet = play(asked.steps, pretrain=1.0)
    sharp = play(asked.steps + asked.steps // 4, pretrain=0.8)
    gain = {name: resnet[f"{name}_psnr"] - bicubic[f"{name}_psnr"] for name in test}
    record(
        "srgan",
        passed=min(gain.values()) >= 0.7
        and untrained["Set5_psnr"] < bicubic["Set5_psnr"]
        and sharp["Set14_psnr"] < resnet["Set14_psnr"]
        and abs(sharp["Set14_sharpness"] - 1) <= 0.25
        and abs(sharp["Set14_sharpness"] - 1) < abs(resnet["Set14_sharpness"] - 1),
        srresnet=resnet,
        srgan=sharp,
        gain_over_bicubic_db=gain,
        floor={"bicubic": bicubic},
        goal="SRResNet 0.7 dB above bicubic on both sets; SRGAN lower in PSNR and within 25 % of true sharpness",
        control={"untrained": untrained},
        protocol=f"{SMALL}, x4, 34 training pictures, {asked.steps} rounds of 16 crops, then a quarter of that as "
        f"SRGAN, features {'SqueezeNet 1.1 trained on ImageNet' if asked.features else 'of a random frozen net'}",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
