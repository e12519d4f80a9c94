"""Bodies of generators and discriminators, and their building blocks. They know no loss, no optimizer and no file.

>>> from gansmith import networks
>>> generator = networks.ConvGenerator(100, (3, 32, 32), width=32)       # noise (n, 100) to pictures
>>> discriminator = networks.ConvDiscriminator((1, 8192), width=16)      # sound to scores (n,)

Shapes are those of one item: (C, T), (C, H, W) or (C, D, H, W); perceptrons take any. `networks.bodies.bodies` has the
default pair for a number of axes.
"""

from gansmith.networks.autoencoder import AutoencoderDiscriminator, EluGenerator
from gansmith.networks.blocks import Discriminator, Generator
from gansmith.networks.bodies import Bodies
from gansmith.networks.convolutional import ConvDiscriminator, ConvEncoder, ConvGenerator
from gansmith.networks.minibatch import MinibatchDeviation, MinibatchFeatures, Packed, VirtualBatchNorm
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.residual import ResidualDiscriminator, ResidualGenerator
from gansmith.networks.spectral import SpectralDiscriminator, SpectralGenerator, spectrally_normalised
from gansmith.networks.srresnet import SRDiscriminator, SRResNet
from gansmith.networks.translator import Translator
from gansmith.networks.unet import UNet

__all__ = [
    "AutoencoderDiscriminator",
    "Bodies",
    "ConvDiscriminator",
    "ConvEncoder",
    "ConvGenerator",
    "Discriminator",
    "EluGenerator",
    "Generator",
    "MLPDiscriminator",
    "MLPGenerator",
    "MinibatchDeviation",
    "MinibatchFeatures",
    "Packed",
    "PatchDiscriminator",
    "ResidualDiscriminator",
    "ResidualGenerator",
    "SRDiscriminator",
    "SRResNet",
    "SpectralDiscriminator",
    "SpectralGenerator",
    "Translator",
    "UNet",
    "VirtualBatchNorm",
    "spectrally_normalised",
]
