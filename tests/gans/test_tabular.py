"""TabularGAN: bins and back, likelihood by hand, rows that are as asked and keep the rules; when to stop."""

import numpy as np
import pandas
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data.kinds.table import as_table
from gansmith.data.kinds.table.asked import conditions
from gansmith.data.kinds.table.bins import KNOTS, Bins, bins_of, rounded, roundness, with_bins
from gansmith.gans.likelihood import LOOK, PATIENCE, Watched
from gansmith.gans.tabular import TabularGAN
from gansmith.networks.columns import ColumnGenerator, draw


def frame(n=300, seed=0):
    """Rows whose (start, age) all differ, whose end is no earlier than their start, and whose total is a sum."""
    rng, n, rows = np.random.default_rng(seed), 2 * n, n
    start = pandas.to_datetime("2020-01-01") + pandas.to_timedelta(rng.integers(0, 500, n), "D")
    made = pandas.DataFrame(
        {
            "name": [f"row {i}" for i in range(n)],
            "kind": rng.choice(["a", "b", "c"], n, p=[0.7, 0.2, 0.1]),
            "net": rng.gamma(2, 50, n).round(2),
            "tax": rng.gamma(2, 5, n).round(2),
            "start": start,
            "age": pandas.Series(rng.integers(17, 90, n)).where(rng.random(n) < 0.8),
            "few": rng.integers(0, 5, n),
        }
    )
    made = made.drop_duplicates(["start", "age"]).head(rows).reset_index(drop=True)
    made["total"] = (made.net + made.tax).round(2)
    made["end"] = made.start + pandas.to_timedelta(rng.integers(0, 60, rows), "D")
    return made


RULES = "end >= start, total = net + tax, unique start age"


@pytest.fixture(scope="module")
def trained():
    return TabularGAN(width=8, keep=RULES, levels=2, average_half_life=0).fit(
        frame(), steps=12, batch_size=60, seed=0, val=0
    )


def placed(table, most=8, levels=500):
    found = with_bins(table, most)
    bins = Bins(found.spec, levels)
    codes = found.fields["real"]
    return bins, codes, bins.place(found.spec.to_network(torch.from_numpy(codes)))


def test_bins_of_whole_numbers_by_hand():
    found = bins_of(np.array([1.0, 1, 2, 5]), 10, 1.0)
    assert [(b[0], b[1], b[KNOTS + 1]) for b in found] == [(0.5, 0.5, 1.5), (0.25, 1.5, 4.5), (0.25, 4.5, 5.5)]
    assert len(bins_of(np.arange(1000.0), 16, 1.0)) == 16
    assert len(bins_of(np.array([]), 4)) == 1 and len(bins_of(np.array([3.5]), 4)) == 1


def test_numbers_are_made_as_round_as_they_were():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 100_000, 20_000).astype(float)
    assert max(roundness(x, 1.0)) < 0.1
    x[:12_000] = np.rint(x[:12_000] / 1000) * 1000
    often = np.array(roundness(x, 1.0))
    again = rounded(rng.uniform(0, 100_000, 20_000), np.tile(often, (20_000, 1)), rng.random(20_000))
    for unit in (5, 10, 100, 1000, 5000):
        assert (again % unit == 0).mean() == pytest.approx((x % unit == 0).mean(), abs=0.02), unit
    assert roundness(x * 0.01, 0.01) == pytest.approx(often, abs=1e-9)


def test_rows_come_back_as_they_were():
    bins, codes, (parts, places) = placed(as_table(frame().drop(columns="name")))
    again = bins.codes(parts.numpy(), places.numpy(), np.random.default_rng(0))
    for (source, column), low in zip(bins.columns, again.T, strict=True):
        gap = np.nan_to_num(np.abs(low - codes[:, source]))
        assert np.array_equal(np.isnan(low), np.isnan(codes[:, source])), column.name
        assert (gap == 0).all() if column.discrete else np.median(gap) <= 0.03 * np.nanstd(codes[:, source])
    inside = places[:, 0][parts[:, bins.numbers[0]] >= bins.first[bins.numbers[0]]]
    assert abs(inside.mean()) < 0.15 and abs(inside.std() - 1) < 0.15  # a place is a normal score


def test_what_the_discriminator_sees_is_the_rank_of_each_number():
    bins, codes, (parts, places) = placed(as_table(frame()[["net", "few"]]))
    seen = bins.seen(bins.flat(parts), places)
    assert seen.shape == (300, bins.parts + 1)
    rank = torch.special.ndtr(seen[:, -1]).numpy()
    assert np.abs(rank - (codes[:, 0].argsort().argsort() + 0.5) / 300).max() < 0.02


def test_an_untrained_generator_makes_each_column_as_it_was_and_its_likelihood_is_theirs():
    bins, _, (parts, places) = placed(as_table(frame(2000)[["kind", "net"]]))
    made = ColumnGenerator(bins.start, bins.numbers, bins.shares, bins.curves, bins.wide > 0, 8, 0.0).eval()
    log = bins.shares.log()
    by_hand = log[parts[:, 0]] + log[bins.start[1] + parts[:, 1]]
    assert torch.allclose(made.likelihood(parts, places), by_hand, atol=1e-5)
    drawn, spots, _ = draw(made, 4000, torch.Generator().manual_seed(0))
    assert (drawn[:, 0] == 0).float().mean().item() == pytest.approx(bins.shares[0].item(), abs=0.03)
    assert spots.std().item() == pytest.approx(1, abs=0.05)


def test_a_likelihood_is_a_distribution_of_the_last_column_and_blind_to_it_before():
    torch.manual_seed(0)
    bins, _, (parts, places) = placed(as_table(frame(50)[["kind", "few"]], types="few=categorical"))
    made = ColumnGenerator(bins.start, bins.numbers, bins.shares, bins.curves, bins.wide > 0, 8, 0.0).eval()
    for p in made.parameters():
        torch.nn.init.normal_(p, std=0.3)
    total = torch.zeros(50)
    for value in range(5):
        parts[:, 1] = value
        total += made.likelihood(parts, places).exp().detach()
    hidden = made.read(torch.zeros(1, 8), made.bias[0], made.middle_bias[0])  # the first column knows nothing
    alone = torch.nn.functional.linear(hidden, made.leave()[:3], made.level[:3]).softmax(1)[0]
    assert torch.allclose(total, alone[parts[:, 0]], atol=1e-5)


def test_particles_give_the_columns_before_as_they_are_among_such_rows():
    """c says b: of rows with c = 1, four in five have b = 1, though half of all do."""
    n = 200
    b = np.arange(n) % 2
    c = np.where(np.arange(n) % 10 < 8, b, 1 - b)
    bins, _, (parts, places) = placed(
        as_table(pandas.DataFrame({"b": b, "c": c}), types="b=categorical, c=categorical")
    )
    torch.manual_seed(0)
    made = ColumnGenerator(bins.start, bins.numbers, bins.shares, bins.curves, bins.wide > 0, 8, 0.0)
    optimizer = torch.optim.Adam(made.parameters(), 0.02)
    for _ in range(40):
        optimizer.zero_grad()
        (-made.likelihood(parts, places).mean()).backward()
        optimizer.step()
    one = parts[c == 1][0, 1].item()
    mine = parts[(b == 1)][0, 0].item()
    low = torch.where(torch.arange(2)[None] == one, -torch.inf, torch.inf)
    bounds = {1: lambda *_: (low, -low)}
    asked, _, _ = draw(made.eval(), 1000, torch.Generator().manual_seed(0), bounds, particles=16)
    assert (asked[:, 1] == one).all()
    assert (asked[:, 0] == mine).float().mean().item() == pytest.approx(0.8, abs=0.06)
    blind, _, _ = draw(made, 1000, torch.Generator().manual_seed(0), bounds, particles=1)
    assert (blind[:, 0] == mine).float().mean().item() == pytest.approx(0.5, abs=0.06)  # the control


def test_rules_hold_in_every_row(trained):
    made = trained.sample(200, seed=1)
    assert list(made.dtypes) == list(frame().dtypes) and (made.end >= made.start).all()
    assert np.abs(made.total - made.net - made.tax).max() < 1e-6
    assert not made.duplicated(["start", "age"]).any() and 0 < made.age.isna().mean() < 0.6


def test_rows_are_as_asked(trained):
    made = trained.sample(40, seed=1, where={"age": ["> 60", "<= 80"], "kind": "c", "start": "< 2020-06-01"})
    assert made.age.between(61, 80).all() and (made.kind == "c").all()
    assert (made.start < "2020-06-01").all() and (made.end >= made.start).all()
    made = trained.sample(40, seed=1, where={"few": ">= 3", "net": "100 .. 120", "age": ""})
    assert made.few.isin([3, 4]).all() and made.net.between(100, 120).all() and made.age.isna().all()


def test_empty_cells_are_filled_and_the_others_left(trained):
    rows = frame(40, seed=3)
    rows.loc[::3, "kind"] = None
    rows.loc[::4, ["net", "total"]] = np.nan
    filled = trained.impute(rows, seed=0)
    assert not filled.isna().any().any() and (filled.index == rows.index).all()
    for name in rows:
        there = rows[name].notna()
        assert (filled[name][there] == rows[name][there]).all(), name
    assert np.abs(filled.total - filled.net - filled.tax).max() < 1e-6


@pytest.mark.parametrize(
    "where, said",
    [
        ({"kind": "z"}, "no row has that value"),
        ({"nope": 1}, "no such column"),
        ({"name": "row 1"}, "identifier"),
        ({"kind": "> 5"}, "no order"),
        ({"age": "old"}, "'old'"),
        ({"age": ["> 60", "< 50"]}, "no value is"),
        ({"net": ""}, "no row lacks"),
        ({"age": "> 500"}, "0 of 5 rows"),
    ],
)
def test_what_cannot_be_asked(trained, where, said):
    with pytest.raises(gs.UserError, match=said):
        trained.sample(5, where=where)


@pytest.mark.parametrize(
    "keep, said",
    [
        ("end > net", "end is date and net is continuous"),
        ("total = net", "does not hold in 300 rows"),
        ("foo >= net", "no column 'foo'"),
        ("kind >= net", "categorical"),
        ("tax", "no rule"),
    ],
)
def test_rules_that_are_none(keep, said):
    with pytest.raises(gs.UserError, match=said):
        TabularGAN(keep=keep).read(frame())


def test_conditions_as_typed():
    typed = ["age>60", "age<=80", "income=>50K", "city=Lima", "net=1 .. 2", "gap"]
    assert conditions(typed) == {
        "age": [">60", "<=80"], "income": [">50K"], "city": ["Lima"], "net": ["1 .. 2"], "gap": [""],
    }  # fmt: skip


def test_a_generator_that_gets_worse_goes_back_and_takes_smaller_steps():
    bins, _, (parts, places) = placed(as_table(frame(60)[["kind", "net"]]))
    made = ColumnGenerator(bins.start, bins.numbers, bins.shares, bins.curves, bins.wide > 0, 8, 0.0)
    watched = Watched(made, 2, 1, 30)
    watched.keep(parts, places, torch.ones(60, dtype=torch.bool))
    best = made.level.detach().clone()
    for move in range(LOOK * (PATIENCE + 1)):
        watched.moved(made, made.likelihood)
        if move == LOOK:
            made.level.data.add_(torch.randn(len(best)))
    assert torch.equal(made.level, best) and watched.rate < 1


def test_values_that_no_row_has_leave_its_weights_finite():
    made = ColumnGenerator([0, 3], [], torch.tensor([0.5, 0.5, 0]), torch.zeros(3, 2), torch.zeros(3) > 0, 8, 0.0)
    assert made.level.isfinite().all()


def test_watched_rows_are_not_learned_from():
    game = TabularGAN(width=4)
    data = game.read(frame(60))
    game.build(data.spec)
    batch = data.batch(torch.arange(60))
    parts, _ = game.learned_from(batch)
    assert len(parts) == 54 and int(game.watched.count) == 6


def test_scores_of_rows_and_of_noise(trained):
    assert trained.score_samples(frame(20)).shape == (20,)
    assert trained.generate(torch.randn(3, trained.latent)).shape == (3, trained.latent)


def test_from_a_file_to_a_file_and_its_gaps(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame(120).drop(columns=["start", "end"]).to_csv("people.csv", index=False)
    settings = ["--width", "4", "--batch-size", "50", "--keep", "total >= net"]
    assert main(["train", "people.csv", "--steps", "3", *settings]) == 0
    assert "column after column" in capsys.readouterr().out
    asked = ["--where", "age>60", "--where", "age<=70", "--where", "kind=b"]
    assert main(["sample", "runs/people-tabular", "-n", "9", "-o", "made.csv", *asked]) == 0
    made = pandas.read_csv("made.csv")
    assert made.age.between(61, 70).all() and (made.kind == "b").all() and (made.total >= made.net).all()
    rows = pandas.read_csv("people.csv").head(20)
    rows.loc[::2, "kind"] = None
    rows.to_csv("gaps.csv", index=False)
    assert main(["impute", "runs/people-tabular", "gaps.csv", "-o", "filled.csv"]) == 0
    filled = pandas.read_csv("filled.csv")
    assert not filled.isna().any().any() and (filled.net == rows.net).all() and list(filled) == list(rows)
    assert (filled.kind[1::2] == rows.kind[1::2]).all()
