"""Errors are told apart by their class, and the command line says each in one line."""

import pytest
import torch

import gansmith as gs
from gansmith import errors
from gansmith.cli.console import explain
from gansmith.distributed.collectives import talking


def test_a_program_can_tell_a_setting_from_data_and_from_an_untrained_model(tmp_path):
    with pytest.raises(errors.SettingError):
        gs.GAN(widht=3)
    with pytest.raises(errors.SettingError):
        gs.GAN().fit("digits", steps=0)
    with pytest.raises(errors.NotFittedError) as untrained:
        gs.GAN().save(tmp_path / "x.gan")
    assert isinstance(untrained.value, (gs.UserError, AttributeError)), "as scikit-learn's error of this name"


@pytest.mark.parametrize(
    "error, code",
    [
        (errors.UserError("x"), 2),
        (errors.SettingError("x"), 2),
        (errors.DataError("x"), 2),
        (errors.NotFittedError("x"), 2),
        (MemoryError(), 2),
        (torch.OutOfMemoryError("CUDA"), 2),
        (errors.Diverged("discriminator's gradient"), 1),
        (errors.RankLost("a rank was lost"), 1),
        (OSError(28, "No space left on device"), 2),
    ],
)
def test_what_is_no_defect_is_said_in_one_line(error, code):
    assert explain(error)[1] == code


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("the gloo of a painter"), RuntimeError("out of paint")])
def test_a_defect_is_never_taken_for_something_else_by_its_text(error):
    assert explain(error) is None


def test_main_memory_that_runs_out_is_known_though_torch_has_no_class_for_it():
    with pytest.raises(RuntimeError) as huge:
        torch.empty(2**60)
    assert errors.is_out_of_memory(huge.value) and explain(huge.value)[1] == 2


def test_whoever_waits_for_a_rank_that_is_gone_says_so_by_class():
    with pytest.raises(errors.RankLost), talking():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer")


def test_data_that_cannot_be_read_is_told_from_a_setting_that_cannot_be(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no zip")
    for data in (tmp_path / "a.npz", tmp_path, "digitz"):
        with pytest.raises(errors.DataError):
            gs.read(data)
    with pytest.raises(errors.SettingError):
        gs.read("digits", size=-3)
