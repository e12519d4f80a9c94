"""FBGAN: the pool, feedback and its exact resumption, the audit of an analyser, and analysers that answer wrongly."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data import own_code
from gansmith.gans.analyser import Analyser, audit, auroc, chain, gc_content, load, told_by
from gansmith.gans.fbgan import Pool
from gansmith.testing import check_game

RNG = np.random.default_rng(0)
GENES = ["ATG" + "".join(RNG.choice(["AAA", "GCC", "CGC", "TTA"], RNG.integers(1, 4))) + "TAA" for _ in range(60)]
SMALL = {"width": 4, "depth": 1, "latent": 3, "candidates": 30, "feedback_every": 1, "discriminator_steps": 1}


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def named(tmp_path):
    """Writes a file with a function `f` of this body; its name as of --score."""
    made = []

    def write(body: str) -> str:
        path = tmp_path / f"analyser_{len(made)}.py"
        made.append(path)
        path.write_text(f"def f(texts):\n    {body}\n")
        return f"{path}:f"

    return write


# --- the pool --------------------------------------------------------------------------------------------------------
def test_what_is_fed_back_takes_the_places_of_the_oldest():
    pool, real = Pool(4, 2), torch.arange(12).view(6, 2)
    index = torch.arange(6)
    assert torch.equal(pool(index, real), real)
    pool.take(torch.full((3, 2), 90), 0.5, 0.1)
    assert pool(index, real)[:, 0].tolist() == [90, 90, 90, 6, 8, 10]
    pool.take(torch.full((2, 2), 91), 0.5, float("nan"))  # the last of the data, then the oldest of what was fed
    assert pool(index, real)[:, 0].tolist() == [91, 90, 90, 91, 8, 10]
    assert pool.told() == {"analyser/fed": 1.0, "analyser/passing": 0.5}
    pool.take(torch.full((9, 2), 92), 1.0, 1.0)
    assert pool(index, real)[:, 0].tolist() == [92, 92, 92, 92, 8, 10]


def test_feeding_is_resumed_exactly_and_kept_out_of_models():
    settings = SMALL | {"threshold": 0.3, "imitation": 0.0}
    data = gs.FBGAN().read(GENES)
    check_game(gs.FBGAN, data=[data], only=("resuming_is_exact", "a_saved_model_samples_the_same"), **settings)


def test_a_run_says_what_its_analyser_goes_by_and_goes_on(tmp_path):
    settings = SMALL | {"threshold": 0.3, "imitation": 0.0, "pool_size": 20}
    said = []
    gan = gs.FBGAN(**settings).fit(GENES, steps=2, batch_size=8, out=tmp_path / "run", evaluate=False, say=said.append)
    assert gan.fold == 3 and any("of a chain of codons" in line for line in said)
    assert "of a chain of codons" in (tmp_path / "run" / "report.html").read_text()
    assert int(gs.resume(tmp_path / "run", data=GENES, steps=4).pool.moves) == 4
    assert gs.load(tmp_path / "run").sample(3, seed=0).shape == (3, gan.spec.shape[0])


@pytest.mark.slow
def test_the_loop_raises_what_the_analyser_likes(named):
    second = named("return [t.count('C') / max(1, len(t)) for t in texts]")
    gan = gs.FBGAN(**SMALL | {"width": 8, "candidates": 200}, learning_rate=3e-3, threshold=0.4, judge=second)
    gan.fit(GENES, steps=150, batch_size=16, val=0, diagnose=False)
    last = gan.history[-1]
    assert last["analyser/fed"] == 1 and last["analyser/passing"] > 0.8
    assert "analyser/judged" in last and gan.audited()["analyser"].passing < 0.6
    made = gan.spec.texts(gan.sample(100, seed=0))
    assert np.mean(np.array(gc_content(made)) > 0.4) > 0.8


# --- the audit -------------------------------------------------------------------------------------------------------
def test_an_audit_finds_out_what_an_analyser_goes_by():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), rng.integers(6, 40))) for _ in range(600)]
    by_length = audit(Analyser("x", lambda texts: [len(t) for t in texts]), texts, 20)
    assert by_length.by_length > 0.99 and by_length.shuffled == by_length.passing and by_length.fooled
    by_letters = audit(Analyser("x", gc_content), texts, 0.5)
    assert by_letters.by_letters > 0.95 > 0.8 > by_letters.by_length and by_letters.fooled
    marked = [text + "GATTACAGATTACA" if i % 3 == 0 else text for i, text in enumerate(texts)]
    by_order = audit(Analyser("x", lambda texts: ["TTACAGATTA" in t for t in texts]), marked, 0.5)
    assert by_order.passing == pytest.approx(1 / 3, abs=0.01) and by_order.shuffled < 0.01 and not by_order.fooled
    assert any("fooled" in line for line in by_letters.lines()) and not any("fooled" in x for x in by_order.lines())
    assert by_order.from_chain > 0.6 and by_letters.from_shuffled == pytest.approx(0.5, abs=0.05)


def test_as_often_means_what_it_says():
    texts = ["AC"[i % 3 == 0] + "GT" * (3 + i % 4) for i in range(400)]
    first = Analyser("x", lambda texts: [t.startswith("A") for t in texts])
    same = audit(first, texts, 0.5)  # a chain knows how sequences begin
    assert 0.8 * same.passing < same.chain < 1.2 * same.passing and same.shuffled < 0.5 * same.passing and same.fooled
    assert "pass at least 80% as often as the data" in same.lines()[-1]


def test_a_threshold_that_chooses_nothing_says_which_one_would():
    texts = [f"ATG{'A' * i}" for i in range(101)]
    length = Analyser("x", lambda texts: [len(t) for t in texts])
    for threshold, much in ((200, "nothing"), (2, "all")):
        found = audit(length, texts, threshold)
        assert found.idle and np.isnan(found.by_length)
        assert found.lines("second analyser", "--judge-threshold")[-1] == (
            f"nearly {much} of the data is above --judge-threshold {threshold}, so that it chooses nothing: one in ten "
            "scores 93 or more, --judge-threshold 93"
        )


def test_labels_tell_how_good_an_analyser_is_and_what_length_alone_knows():
    rng = np.random.default_rng(0)
    texts = ["A" * n + "C" * (i % 2) for i, n in enumerate(rng.integers(5, 30, 400))]
    truth = [text.endswith("C") for text in texts]
    found = audit(Analyser("x", lambda texts: [t.count("C") for t in texts]), texts, 0.5, labels=truth)
    assert (
        found.truth == 1
        and 0.4 < found.truth_by_length < 0.65
        and "its scores tell your labels 1.00" in found.lines()[1]
    )
    with pytest.raises(gs.UserError, match=r"labels of shape \(3,\) for 400 texts"):
        audit(Analyser("x", gc_content), texts, 0.5, labels=truth[:3])
    assert auroc(np.array([1.0, 2]), np.array([1.0, 0])) == 0.875


# --- who judges ------------------------------------------------------------------------------------------------------
def trained(**settings):
    return gs.FBGAN(**SMALL | {"threshold": 0.3} | settings).fit(GENES, steps=1, val=0, evaluate=False, diagnose=False)


def test_an_evaluation_says_whether_a_second_analyser_agrees(named):
    likes = named("return [float('CGC' in t) for t in texts]")
    gan = trained(score=likes, judge=named("return [t.count('T') for t in texts]"), judge_threshold=2.5)
    made = gan.spec.encode(["ATGCGCCGCTAA", "ATGCGCTAA"] * 250)[0]
    gan.sample = lambda n, seed: made
    data = gan.read(GENES)
    first, second, verdict = gan.remarks(data, None)
    assert "passes 100.0% of the samples" in first and "of the data above 0.3" in first and "chain of codons" in first
    assert second.startswith("second analyser ") and "passes 0.0% of the samples" in second and "above 2.5" in second
    assert verdict == "the analyser is fooled: it likes the samples better than the data, the second one does not"
    gan.judging, gan.judge_threshold = Analyser("y", lambda texts: [t.startswith("ATGCGC") for t in texts]), 0.5
    assert len(gan.remarks(data, None)) == 2
    assert "no second analyser looked on" in trained(score=likes).remarks(data, None)[-1]


def test_remarks_on_somebody_elses_run_call_nothing(named, tmp_path):
    trained(score=named("return [1.0 * len(t) for t in texts]")).save(tmp_path / "x.gan")
    own_code._list().unlink()
    gan = gs.load(tmp_path / "x.gan")
    assert gan.remarks(gan.read(GENES), None)[0].startswith("the analysers were not asked: --score ")


def test_the_second_analyser_is_audited_and_asked_for_what_is_missing(named):
    said = []
    settings = SMALL | {"threshold": 0.3, "judge": named("return [len(t) for t in texts]"), "judge_threshold": 9}
    gs.FBGAN(**settings).fit(GENES, steps=1, val=0, evaluate=False, say=said.append)
    said = "\n".join(said)
    assert "second analyser" in said and "of the data above 9" in said and "towards the share of G and C, an" in said
    for body, message in (("raise KeyError('x')", "KeyError"), ("return [1.0]", "must return 60 numbers")):
        name = named(body)
        with pytest.raises(gs.UserError, match=message) as told:
            gs.FBGAN(judge=name, **SMALL).fit(GENES, steps=1, val=0)
        assert name in str(told.value)


def test_an_analyser_of_ones_own_on_the_command_line(named, tmp_path, capsys):
    (tmp_path / "genes.txt").write_text("\n".join(GENES))
    name = named("return [t.count('AAA') / len(t) for t in texts]")
    small = [word for key, value in SMALL.items() for word in (f"--{key.replace('_', '-')}", str(value))]
    run = ["--threshold", "0.1", "--steps", "2", "--out", str(tmp_path / "run")]
    assert main(["train", "fbgan", str(tmp_path / "genes.txt"), "--score", name, *small, *run]) == 0
    assert f"analyser {name}: " in capsys.readouterr().out


def test_a_function_in_place_of_its_name_is_told_how_to_name_it():
    with pytest.raises(gs.UserError, match="score=<built-in function len>.: expected str: .*FILE.py:FUNCTION"):
        gs.FBGAN(score=len)


def test_a_chain_of_codons_knows_what_follows_what():
    texts = ["ATGAAATAA", "ATGCCCTAA"]
    made = chain(texts, 200, 3, np.random.default_rng(0))
    assert set(made) == set(texts) and 60 < made.count(texts[0]) < 140
    assert len(chain(["AC" * 9], 5, 1, np.random.default_rng(0))[0]) <= 18


def test_trees_tell_nothing_from_noise():
    x = np.random.default_rng(0).normal(size=(2000, 2))
    assert 0.4 < told_by(x, np.random.default_rng(1).random(2000) < 0.5) < 0.6
    assert told_by(x, x[:, 0] > 0) > 0.99


# --- wrong answers ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body, message",
    [
        ("raise KeyError('x')", "failed on .* sequences .KeyError"),
        ("return [1.0]", r"answer of shape \(1,\) for 60 sequences: it must return 60 numbers"),
        ("return [float('nan')] * len(texts)", "gave nan for 'ATG"),
        ("return ['good'] * len(texts)", "failed on 60 sequences .ValueError"),
        ("raise SystemExit(3)", "failed on .* sequences .SystemExit: 3"),
        ("return None", r"answer of shape \(\)|gave nan|failed"),
    ],
)
def test_an_analyser_that_answers_wrongly_is_one_line_before_training(named, body, message):
    name = named(body)
    with pytest.raises(gs.UserError, match=message) as told:
        gs.FBGAN(score=name, **SMALL).fit(GENES, steps=1, val=0)
    assert name in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    "score, message",
    [
        ("f", "name a function"),
        ("nowhere.py:f", "there is no such file"),
        ("no_such_module_at_all:f", "there is no such module"),
        ("gansmith.gans.analyser:nothing", "has no function 'nothing'"),
    ],
)
def test_an_analyser_that_is_not_there_is_one_line(score, message):
    with pytest.raises(gs.UserError, match=message):
        gs.FBGAN(score=score, **SMALL).fit(GENES, steps=1, val=0)


def test_a_module_that_breaks_is_one_line(tmp_path, monkeypatch):
    for name, code in (("broken_by_name", "1 / 0"), ("ends_at_once", "raise SystemExit(2)")):
        (tmp_path / f"{name}.py").write_text(code)
        monkeypatch.chdir(tmp_path)
        for score in (f"{name}:f", f"{name}.py:f"):
            with pytest.raises(gs.UserError, match="cannot be (imported|run): (ZeroDivisionError|SystemExit)"):
                gs.FBGAN(score=score, **SMALL).fit(GENES, steps=1, val=0)


def test_a_run_of_somebody_else_brings_no_analyser_along(named):
    name = named("raise SystemExit('this was run')")
    with pytest.raises(gs.UserError, match="was not yet used on this machine"):
        load(name, "--score")
    own_code.remember(name.rpartition(":")[0])
    assert load(name, "--score")[1] == name
