"""The papers: one file each. `GAMES` is all there is to know of them: the name on the command line -> the class."""

from gansmith.gans.acgan import ACGAN
from gansmith.gans.affgan import AffGAN
from gansmith.gans.anogan import AnoGAN, FAnoGAN
from gansmith.gans.began import BEGAN
from gansmith.gans.calogan import CaloGAN
from gansmith.gans.caption_gan import CaptionGAN
from gansmith.gans.cgan import CGAN
from gansmith.gans.ctgan import CTGAN
from gansmith.gans.cyclegan import CycleGAN
from gansmith.gans.dcgan import DCGAN
from gansmith.gans.discogan import DiscoGAN
from gansmith.gans.doppelganger import DoppelGANger
from gansmith.gans.dragan import DRAGAN
from gansmith.gans.dtn import DTN
from gansmith.gans.fbgan import FBGAN
from gansmith.gans.gan import GAN
from gansmith.gans.gan3d import GAN3D
from gansmith.gans.gan_int_cls import GANINTCLS
from gansmith.gans.gat import GAT
from gansmith.gans.groupgan import GroupGAN
from gansmith.gans.hifi_gan import HiFiGAN
from gansmith.gans.improved_gan import ImprovedGAN
from gansmith.gans.infogan import InfoGAN
from gansmith.gans.language_model import LanguageModel
from gansmith.gans.lsgan import LSGAN
from gansmith.gans.midinet import MidiNet
from gansmith.gans.musegan import MuseGAN
from gansmith.gans.neural_crypto import NeuralCrypto
from gansmith.gans.pix2pix import Pix2Pix
from gansmith.gans.r3gan import R3GAN
from gansmith.gans.relgan import RelGAN
from gansmith.gans.seqgan import SeqGAN
from gansmith.gans.seqwgan import SeqWGAN
from gansmith.gans.seriesgan import SeriesGAN
from gansmith.gans.sngan import SNGAN
from gansmith.gans.specgan import SpecGAN
from gansmith.gans.srgan import SRGAN
from gansmith.gans.stackgan import StackGAN
from gansmith.gans.stylegan2 import StyleGAN2
from gansmith.gans.tabular import TabularGAN
from gansmith.gans.timegan import TimeGAN
from gansmith.gans.vae import VAE
from gansmith.gans.vae_gan import VAEGAN
from gansmith.gans.vgan import VGAN, VGANFromFrame
from gansmith.gans.wavegan import WaveGAN
from gansmith.gans.wgan import WGAN
from gansmith.gans.wgan_gp import WGANGP

GAMES = {
    game.name: game
    for game in (
        GAN,
        DCGAN,
        WGANGP,
        R3GAN,
        StyleGAN2,
        GAT,
        LSGAN,
        DRAGAN,
        WGAN,
        SNGAN,
        BEGAN,
        CGAN,
        ACGAN,
        Pix2Pix,
        CycleGAN,
        DiscoGAN,
        DTN,
        NeuralCrypto,
        SRGAN,
        AffGAN,
        GANINTCLS,
        StackGAN,
        CaptionGAN,
        InfoGAN,
        ImprovedGAN,
        VAE,
        VAEGAN,
        AnoGAN,
        FAnoGAN,
        CTGAN,
        VGAN,
        VGANFromFrame,
        TabularGAN,
        GroupGAN,
        WaveGAN,
        SpecGAN,
        HiFiGAN,
        MidiNet,
        MuseGAN,
        SeriesGAN,
        TimeGAN,
        DoppelGANger,
        SeqWGAN,
        FBGAN,
        LanguageModel,
        GAN3D,
        CaloGAN,
        SeqGAN,
        RelGAN,
    )
}

__all__ = [
    "ACGAN",
    "AffGAN",
    "AnoGAN",
    "BEGAN",
    "CGAN",
    "CTGAN",
    "CaloGAN",
    "CaptionGAN",
    "CycleGAN",
    "DCGAN",
    "DRAGAN",
    "DTN",
    "DiscoGAN",
    "DoppelGANger",
    "FAnoGAN",
    "FBGAN",
    "GAMES",
    "GAN",
    "GAN3D",
    "GANINTCLS",
    "GAT",
    "GroupGAN",
    "HiFiGAN",
    "ImprovedGAN",
    "InfoGAN",
    "LSGAN",
    "LanguageModel",
    "MidiNet",
    "MuseGAN",
    "NeuralCrypto",
    "Pix2Pix",
    "R3GAN",
    "RelGAN",
    "SNGAN",
    "SRGAN",
    "SeqGAN",
    "SeqWGAN",
    "SeriesGAN",
    "SpecGAN",
    "StackGAN",
    "StyleGAN2",
    "TabularGAN",
    "TimeGAN",
    "VAE",
    "VAEGAN",
    "VGAN",
    "VGANFromFrame",
    "WGAN",
    "WGANGP",
    "WaveGAN",
]  # for editors: `gansmith` hands these on
