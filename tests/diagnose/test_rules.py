"""Rules on made-up logs: what each one says yes to, what it lets pass, and that its change can be applied."""

import pytest

from gansmith.data.kinds.images import Images
from gansmith.diagnose import Diagnosis
from gansmith.diagnose.rules import RULES
from gansmith.diagnose.symptoms import period
from gansmith.gans import GAMES
from gansmith.testing import begin, played_on

NAMES = {
    *("mode-collapse", "mode-dropping", "low-fidelity", "vanishing-gradient", "oscillation", "memorisation"),
    *("discriminator-overfitting", "divergence", "precision-loss", "checkerboard", "range-mismatch"),
    *("frozen-generator", "ignored-latent", "ignored-label", "batch-dependence", "too-little-data"),
}
SOUND = {
    "discriminator/adversarial": 0.6,
    "generator/adversarial": 0.8,
    "discriminator/wins": 0.7,
    "discriminator/fake": -0.2,
    "gradient/generator": 0.3,
    "gradient/discriminator": 0.5,
    "evaluate/mind": 2.0,
    "look/coverage": 0.95,
    "look/precision": 0.97,
    "look/missing": 0.01,
    "look/nearest": 1.0,
    "look/vendi": 0.99,
    "look/spread": 1.0,
    "look/raw_coverage": 0.9,
    "look/copies": 1.0,
    "look/copies_z": 0.0,
    "look/held_gap": 0.1,
    "look/held_z": 1.0,
    "look/company": 0.0,
    "look/checker": 1.1,
}
LEVELS = {"level/items": 5000, "level/coverage": 0.95, "level/vendi": 0.9, "level/low": -1.0, "level/high": 1.0}


def about(game="r3gan", kind="images", precision="fp32", **settings):
    made = GAMES[game](**settings)
    made.choose(Images((1, 8, 8), ("a", "b")))
    spec = {"kind": kind, "shape": [1, 8, 8]}
    return {"game": game, "settings": made.settings(), "options": {"steps": 1000, "precision": precision}, "spec": spec}


def log(change=lambda step: {}, steps=range(0, 1000, 20), levels=LEVELS):
    rows = []
    for step in steps:
        moving = {"weights/generator": 0.1 + 1e-6 * step, "weights/discriminator": 0.1 + 2e-6 * step}
        rows.append({"step": step + 1, "seconds": step / 10, "samples": 64 * step} | SOUND | moving | change(step))
        rows[-1] = {name: value for name, value in rows[-1].items() if value is not None}
    rows[0] |= levels
    return rows


def names(rows, told=None):
    return [(f.name, f.severity) for f in Diagnosis(told or about(), rows).findings]


def from_half(**values):
    return lambda step: values if step >= 500 else {}


def test_a_sound_log_has_no_findings():
    assert names(log()) == [] and Diagnosis(about(), log()).verdict == "healthy"


def test_a_generator_whose_stage_has_not_come_is_not_frozen():
    silent = {name: None for name in SOUND if name.startswith("generator/")}
    assert silent and "frozen-generator" not in dict(names(log(lambda step: silent | {"weights/generator": 0.1})))


def skipping(step):
    return {"skipped/generator": 15.0 * (step - 480) / 20} if step >= 500 else {}


HEART = {"look/held_gap": 0.8, "look/held_z": 9.0}
MINIMAX = {"game": "gan", "loss": "minimax"}
CASES = [
    ("frozen-generator", "failure", from_half(**{"weights/generator": 0.1}), {}),
    ("ignored-latent", "failure", lambda s: {"look/spread": 0.0, "look/nearest": 0.0}, {}),
    ("batch-dependence", "warning", lambda s: {"look/company": 0.4}, {}),
    ("checkerboard", "warning", lambda s: {"look/checker": 8.0}, {}),
    ("divergence", "failure", skipping, {}),
    ("precision-loss", "failure", skipping, {"precision": "bf16"}),
    ("divergence", "warning", from_half(**{"skipped/generator": 1.0}), {}),
    ("divergence", "failure", from_half(**{"weights/generator": 30.0}), {}),
    ("divergence", "failure", from_half(**{"generator/adversarial": 5000.0}), {}),
    ("precision-loss", "warning", lambda s: {"look/rounding": 0.3}, {"precision": "bf16"}),
    ("vanishing-gradient", "failure", from_half(**{"discriminator/wins": 1.0, "gradient/generator": 1e-4}), {}),
    ("vanishing-gradient", "failure", from_half(**{"discriminator/wins": 1.0, "discriminator/fake": -9.0}), MINIMAX),
    ("vanishing-gradient", "warning", from_half(**{"discriminator/wins": 1.0, "look/coverage": 0.1}), {}),
    ("discriminator-overfitting", "note", from_half(**HEART), {}),
    ("discriminator-overfitting", "warning", from_half(**HEART, **{"evaluate/mind": 3.0}), {}),
    ("discriminator-overfitting", "warning", from_half(**HEART, **{"look/copies": 1.3}), {}),
    ("discriminator-overfitting", "warning", from_half(**HEART, **{"look/coverage": 0.7}), {}),
    ("mode-collapse", "failure", from_half(**{"look/nearest": 0.01}), {}),
    ("mode-collapse", "failure", from_half(**{"look/vendi": 0.2}), {}),
    ("mode-collapse", "warning", from_half(**{"look/nearest": 0.3}), {}),
    ("mode-dropping", "warning", from_half(**{"look/coverage": 0.8, "look/vendi": 0.8}), {}),
    ("mode-dropping", "warning", from_half(**{"look/missing": 0.2}), {}),
    ("memorisation", "warning", from_half(**{"look/copies": 0.2, "look/copies_z": -9.0}), {}),
    ("oscillation", "warning", lambda s: {"discriminator/fake": 3 * (-1) ** (s // 100)}, {}),
    ("oscillation", "warning", from_half(**{"look/raw_coverage": 0.2}), {}),
    ("low-fidelity", "warning", from_half(**{"look/precision": 0.35}), {}),
    ("low-fidelity", "note", lambda s: {"look/precision": 0.1}, {}),
]  # fmt: skip


@pytest.mark.parametrize("name, severity, change, told", CASES)
def test_each_failure_is_named(name, severity, change, told):
    rows = log(change, range(0, 1600, 20)) if name == "oscillation" else log(change)
    found = [f for f in Diagnosis(about(**told), rows).findings if f.name == name]
    assert found and found[0].severity == severity
    assert found[0].evidence and found[0].remedy.endswith(".")


def test_static_faults_are_seen_in_the_levels():
    assert ("range-mismatch", "failure") in names(log(levels=LEVELS | {"level/low": 0.0}))
    assert ("too-little-data", "warning") in names(log(levels=LEVELS | {"level/items": 200}))
    assert ("too-little-data", "warning") not in names(log(levels=LEVELS | {"level/items": 200}), about(kind="vectors"))
    conditional = about(conditional=True)
    assert ("ignored-label", "warning") in names(log(levels=LEVELS | {"level/label": 0.5}), conditional)
    sound = log(lambda s: {"look/label": 0.9, "look/latent": 0.8}, levels=LEVELS | {"level/label": 50})
    assert names(sound, conditional) == []
    deaf = log(lambda s: {"look/label": 0.05, "look/latent": 0.8}, levels=LEVELS | {"level/label": 50})
    assert ("ignored-label", "warning") in names(deaf, conditional)


def test_one_bad_row_is_nothing():
    once = log(lambda step: {"look/nearest": 0.01, "skipped/generator": 20.0} if step == 500 else {})
    assert names(once) == []


def test_noise_at_the_beginning_is_nothing():
    assert (
        names(log(lambda s: {"look/nearest": 0.01, "look/spread": 0.05, "look/coverage": 0.0} if s < 60 else {})) == []
    )


def test_causes_come_before_what_they_cause():
    rows = log(lambda s: {"look/spread": 0.0, "look/nearest": 0.0, "look/precision": 0.0, "look/vendi": 0.01})
    assert names(rows)[0] == ("ignored-latent", "failure")
    assert len({name for name, _ in names(rows)}) == len(names(rows))


def test_rows_without_looks_ask_only_what_they_can_tell():
    bare = log(lambda s: dict.fromkeys([n for n in SOUND if n.startswith("look/")]), levels={})
    assert names(bare) == []
    assert (
        names(log(lambda s: {"look/nearest": None, "look/spread": None, **skipping(s)}, levels={}))[0][0]
        == "divergence"
    )


@pytest.mark.parametrize("game", GAMES)
def test_every_change_can_be_applied(game):
    from gansmith.diagnose.findings import finding
    from gansmith.diagnose.log_history import Past

    data = played_on(GAMES[game])
    told = about() | {"settings": begin(GAMES[game], data, {}, 0).game.settings(), "spec": data.spec.to_json()}
    past = Past(told)
    past.add(log()[0])
    changes = [finding(rule, 1, {}, past).change for rule in RULES]
    assert any(changes) or game == "neural-crypto"
    for i, change in enumerate(changes):
        assert all(value != told["settings"][name] for name, value in change.items()), RULES[i].name
        if change not in changes[:i]:
            begin(GAMES[game], data, change, 0)  # the game takes it


@pytest.mark.parametrize("game", GAMES)
def test_words_name_no_game_that_it_is_or_that_cannot_take_the_data_and_no_option_that_it_lacks(game):
    import re

    from gansmith.diagnose.findings import finding
    from gansmith.diagnose.log_history import Past

    data = played_on(GAMES[game])
    settings = begin(GAMES[game], data, {}, 0).game.settings()
    past = Past(about() | {"game": game, "settings": settings, "spec": data.spec.to_json(), "items": 50_000})
    past.add(log()[0])
    for remedy in (finding(rule, 1, {}, past).remedy for rule in RULES):
        named = [name for name in GAMES if len(name) > 4 and re.search(rf"(?<![\w-]){name}(?![\w-])", remedy)]
        assert named in ([], ["r3gan"]) and game not in named, remedy
        assert not named or (data.spec.continuous and not GAMES[game].inputs), remedy
        known = {*settings, "precision", "val", "batch_size"}
        assert {o.replace("-", "_") for o in re.findall(r"--([a-z0-9-]+)", remedy)} <= known, remedy
        assert remedy.endswith(".") and ":." not in remedy and "  " not in remedy


def remedy_of(name, **told):
    from gansmith.diagnose.findings import finding
    from gansmith.diagnose.log_history import Past

    past = Past(about() | told)
    past.add(log()[0])
    return finding(next(rule for rule in RULES if rule.name == name), 1, {}, past).remedy


def test_larger_batches_are_advised_where_a_pass_is_many_of_them():
    assert "--batch-size 128" in remedy_of("mode-dropping", items=50_000)
    assert "batch" not in remedy_of("mode-dropping", items=2400, options={"steps": 100, "batch_size": 500})


YOUNG = {"look/nearest": 0.01, "look/spread": 0.05, "look/coverage": 0.0, "look/precision": 0.0, "look/missing": 0.9}


@pytest.mark.parametrize("step, verdict", [(180, "young"), (980, "mode-collapse")])
def test_samples_that_do_not_differ_yet_are_young_and_later_collapsed(step, verdict):
    rows = log(lambda s: YOUNG, range(0, step + 1, 20))
    assert Diagnosis(about(), rows).verdict == verdict  # 8 × 8 pixels: 200 steps


def test_samples_that_differed_and_no_longer_do_have_collapsed_at_any_age():
    rows = log(lambda s: YOUNG if s > 60 else {"look/coverage": 0.0}, range(0, 181, 10))
    assert Diagnosis(about() | {"options": {"steps": 300}}, rows).verdict == "mode-collapse"


@pytest.mark.parametrize("change", [{"look/precision": 0.0}, {"look/coverage": 0.01}, {"look/vendi": 0.1}])
def test_noise_and_grey_pictures_are_not_called_copies(change):
    copies = {"look/copies": 0.2, "look/copies_z": -9.0}
    assert ("memorisation", "warning") in names(log(lambda s: copies))
    assert ("memorisation", "warning") not in names(log(lambda s: copies | change))


def test_a_young_run_says_so_and_what_it_takes():
    assert Diagnosis(about(), log(lambda s: YOUNG, range(0, 100, 20))).age.startswith("young: 81 of about 200 training")
    assert Diagnosis(about(), log(steps=range(0, 100, 20))).age == "", "it has come near the data already"


def test_all_names_are_the_sixteen():
    assert {rule.name for rule in RULES} == NAMES


def test_the_period_of_a_swing():
    import math

    lag, height = period([math.sin(2 * math.pi * t / 20) + 0.01 * t for t in range(120)])
    assert abs(lag - 20) <= 1 and height > 0.9
    assert period([0.01 * t for t in range(120)]) is None and period([1.0] * 120) is None
