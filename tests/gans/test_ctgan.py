"""CTGAN: the flat vector and back, training by sampling, packs, conditions kept, rows that look like the table's."""

import numpy as np
import pandas
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data.dataset import Batch
from gansmith.data.kinds.table import TableSpec, as_table
from gansmith.data.kinds.table.columns import Column
from gansmith.data.kinds.table.layout import Layout, gumbel
from gansmith.data.kinds.table.modes import mixture
from gansmith.testing import begin, made_up_table

SMALL = {"width": 8, "latent": 4}


def frame(n=300, seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b", "c"], n, p=[0.7, 0.2, 0.1])
    amount = np.where(rng.random(n) < 0.5, 0, rng.normal(100, 20, n).round(2))
    return pandas.DataFrame(
        {
            "name": [f"row {i}" for i in range(n)],
            "kind": kind,
            "amount": pandas.Series(amount).where(rng.random(n) < 0.9),
            "many": [f"town {i}" for i in rng.integers(0, 40, n)],
            "whole": rng.integers(0, 1000, n),
            "since": pandas.date_range("2020-01-01", periods=n),
            "yes": rng.random(n) < 0.3,
        }
    )


@pytest.fixture(scope="module")
def trained():
    return gs.CTGAN(levels=10, modes=3, average_half_life=0, **SMALL).fit(
        frame(), steps=30, batch_size=60, seed=0, val=0
    )


def flat_layout(*modes):
    """A category of three values, and a number with a spike at 0 and these modes."""
    entries = (
        Column("n", "continuous", "float64", False, (0,), (0.5,), missing=0.1, low=-9, high=9, modes=modes),
        Column("c", "categorical", "str", True, ("a", "b", "d"), (0.5, 0.3, 0.2)),
    )
    spec = TableSpec("table", (2,), columns=("n", "c"), center=(0.0, 0.0), scale=(1.0, 1.0), entries=entries)
    return Layout(spec, most=2)


def test_a_row_as_a_flat_vector_by_hand():
    layout = flat_layout((-4.0, 1.0, 0.5), (4.0, 0.5, 0.5))
    assert (layout.numbers, layout.parts, layout.conditions, layout.width) == (1, 7, 3, 8)
    rows = torch.tensor([[5.0, 0.0], [0.0, 2.0], [torch.nan, 1.0], [-4.0, 2.0]])
    parts, numbers = layout.place(rows)
    # the category comes first: a, b, any other; then the number: 0, gap, two modes
    assert parts.tolist() == [[0, 3], [2, 0], [1, 1], [2, 2]]
    assert numbers.tolist() == [[0.5], [0.0], [0.0], [0.0]]  # (5 − 4) / (4 · ½)
    assert layout.flat(parts, numbers)[0].tolist() == [0.5, 1, 0, 0, 0, 0, 0, 1]


def test_and_back():
    layout = flat_layout((-4.0, 1.0, 0.5), (4.0, 0.5, 0.5))
    parts, numbers = torch.tensor([[0, 3], [1, 0], [0, 1]]), torch.tensor([[0.5], [0.9], [0.9]])
    codes = layout.codes(parts, numbers, torch.Generator().manual_seed(0))
    assert codes[:2].tolist() == [[5.0, 0.0], [0.0, 1.0]] and np.isnan(codes[2, 0])
    rare = layout.codes(torch.tensor([[2, 0]] * 50), torch.zeros(50, 1), torch.Generator().manual_seed(0))
    assert set(rare[:, 1]) == {2.0}  # only one value shares the last part


def test_the_mode_is_drawn_from_the_posterior_and_the_softmax_is_each_column_s_own():
    layout = flat_layout((-1.0, 1.0, 0.25), (1.0, 1.0, 0.75))
    torch.manual_seed(0)
    parts, _ = layout.place(torch.tensor([[1e-6, 0.0]]).expand(20_000, 2))  # halfway: only the weights decide
    assert (parts[:, 1] == 3).float().mean().item() == pytest.approx(0.75, abs=0.01)
    said = torch.randn(5, layout.width) * 50
    made = layout.soft(said, 0.2)
    numbers, first, second = made.split([1, 3, 4], 1)
    assert torch.allclose(first.sum(1), torch.ones(5)) and torch.allclose(second.sum(1), torch.ones(5))
    assert torch.allclose(numbers, said[:, :1].tanh()) and made.isfinite().all()
    drawn = [layout.hard(torch.zeros(1, layout.width), gumbel((1, 7)))[0][0].tolist() for _ in range(500)]
    assert np.bincount([d[0] for d in drawn], minlength=3).min() > 120 and max(d[1] for d in drawn) == 3


def test_the_mixture_finds_modes_and_drops_what_nobody_needs():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-3, 0.1, 3000), rng.normal(2, 0.5, 1000)])
    found = mixture(rng.permutation(x), 10)
    near = [sum(w for m, _, w in found if abs(m - at) < 1.5) for at in (-3, 2)]
    assert near == pytest.approx([0.75, 0.25], abs=0.03) and found == tuple(sorted(found))
    assert mixture(np.array([2.0, 2.0]), 10) == ((2.0, 1e-3, 1.0),)


def test_training_by_sampling_asks_evenly_for_columns_and_by_log_frequency_for_values():
    rows = pandas.DataFrame({"kind": ["a"] * 900 + ["b"] * 99 + ["c"], "yes": [True] * 1000, "x": np.arange(1000) / 7})
    rows = rows.sample(frac=1, random_state=0)
    data = gs.CTGAN().read(rows)
    torch.manual_seed(0)
    batch = data.batch(torch.arange(20_000))
    layout = data.layout
    column, level = layout.owner[batch.source], batch.source - layout.start[layout.owner[batch.source]]
    assert (column == 0).float().mean().item() == pytest.approx(0.5, abs=0.02)
    logs = np.log1p([900, 99, 1])
    found = torch.bincount(level[column == 0], minlength=3) / (column == 0).sum()
    assert found.tolist() == pytest.approx((logs / logs.sum()).tolist(), abs=0.02)
    assert torch.equal(
        layout.place(batch.real)[0].gather(1, column[:, None])[:, 0], level
    )  # each row has what was asked
    plain = gs.CTGAN(rare="plain").read(rows).batch(torch.arange(20_000))
    assert (plain.source == 0).float().mean().item() == pytest.approx(0.45, abs=0.02)


def test_only_rows_of_the_training_side_are_drawn():
    train, held = gs.CTGAN().read(frame()).split(0.5)
    seen = train.batch(torch.arange(2000)).real
    whole = held.spec.to_network(torch.from_numpy(held.fields["real"]))[held.rows]
    assert not (seen.nan_to_num()[:, None] == whole.nan_to_num()[None]).all(2).any()


def test_losses_by_hand():
    gan = begin(gs.CTGAN, made_up_table(), SMALL | {"pack": 2, "penalty": 0.0}, 0).game
    asked = torch.tensor([0, 1, 2, 3])
    batch = Batch(real=torch.zeros(4, 3), source=asked, index=torch.arange(4))
    gan.discriminator = torch.nn.Sequential(torch.nn.Flatten(0), torch.nn.Unflatten(0, (2, -1)), Sum())
    said = gan.discriminator_loss(batch)["adversarial"].item()
    assert said == pytest.approx(0, abs=2)  # sums of one-hot parts are alike; only the numbers differ
    rows = torch.arange(8.0).view(4, 2)
    assert gan.packed(rows, rows[:, :1]).tolist() == [[0, 1, 0, 2, 3, 2], [4, 5, 4, 6, 7, 6]]
    assert gan.packed(rows[:3], rows[:3, :1])[1].tolist() == [4, 5, 4, 0, 1, 0]  # filled up from the start
    words = gan.layout.words(torch.arange(gan.layout.width).float()[None], torch.tensor([gan.layout.conditions - 1]))
    assert words.isfinite().sum() == 2  # yes or no


class Sum(torch.nn.Module):
    def forward(self, x):
        return x.sum(1)


def test_rows_look_like_the_table_s(trained):
    real, made = frame(), trained.sample(200, seed=1)
    assert list(made.columns) == list(real.columns) and (made.dtypes == real.dtypes).all()
    assert set(made["kind"]) <= {"a", "b", "c"} and made["whole"].between(0, 999).all()
    assert made["amount"].isna().any() and (made["amount"] == 0).any()
    assert (made["amount"].dropna() * 100 % 1).round(6).isin([0, 1]).all()
    assert made["since"].between("2020-01-01", "2020-12-31").all() and (made["since"].dt.hour == 0).all()
    assert len(set(made["many"])) > 11  # values beyond the ten commonest come, too
    assert trained.sample(7, seed=1).equals(trained.sample(7, seed=1)) and len(trained.sample(0)) == 0


def test_conditions_are_kept_exactly(trained):
    assert (trained.sample(30, seed=1, where={"kind": "c"})["kind"] == "c").all()
    made = trained.sample(20, seed=1, where={"kind": "b", "yes": True})
    assert (made["kind"] == "b").all() and made["yes"].all()
    rare = min(frame()["many"].unique(), key=list(frame()["many"]).count)
    assert set(trained.sample(10, seed=1, where={"many": rare})["many"]) == {rare}
    for where, says in (
        ({"kind": "z"}, "--where kind=z: no row has that value. There are: a, b, c"),
        ({"whole": 3}, "whole is continuous, and --where works on categorical columns; .* for: kind, many, yes"),
        ({"kidn": 3}, "there is no such column. Did you mean kind"),
        ({"kind": None}, "--where kind=None: no row has that value"),
    ):
        with pytest.raises(gs.UserError, match=says):
            trained.sample(1, where=where)


def test_a_row_is_made_and_judged_by_itself(trained):
    rows = frame().iloc[:20]
    scores = trained.score_samples(rows)
    assert scores.shape == (20,) and scores.dtype == np.float32 and scores.std() > 0
    rng = torch.get_rng_state()
    assert np.allclose(trained.score_samples(rows.iloc[:3]), scores[:3], atol=1e-6)
    assert torch.equal(rng, torch.get_rng_state())
    given, latent = torch.zeros(4, dtype=torch.int64), torch.randn(4, 4)
    with trained.at_rest():  # batch norm by its running statistics
        together = trained.generator(torch.cat([latent, trained.layout.asked(given)], 1))
        alone = trained.generator(torch.cat([latent, trained.layout.asked(given)], 1)[:1])
    assert torch.allclose(together[:1], alone, atol=1e-6)
    with pytest.raises(gs.UserError, match="lack the columns kind"):
        trained.score_samples(rows.drop(columns="kind"))


def test_it_saves_loads_and_can_be_refined(trained, tmp_path):
    trained.save(tmp_path / "x.gan")
    assert gs.load(tmp_path / "x.gan").sample(20, seed=3).equals(trained.sample(20, seed=3))
    refined = trained.refiner(frame(seed=1)).sample(30, seed=0)
    assert list(refined.columns) == list(frame().columns) and len(refined) == 30


def test_ten_thousand_values_cost_no_ten_thousand_outputs():
    rows = pandas.DataFrame({"town": [f"{i}" for i in range(10_000)] * 2, "x": np.arange(20_000.0)}).sample(
        frac=1, random_state=0
    )
    data = gs.CTGAN(modes=2, levels=50).read(rows)
    gan = gs.CTGAN(modes=2, levels=50, **SMALL)
    gan.build(data.spec)
    assert gan.layout.parts <= 54 and data.fields["real"].shape == (20_000, 2)


def test_any_form_of_table_and_only_tables():
    vectors = np.random.default_rng(0).normal(size=(60, 3))
    made = gs.CTGAN(**SMALL).fit(vectors, steps=2, batch_size=20, val=0).sample(5, seed=0)
    assert made.shape == (5, 3) and (made.dtypes == "float32").all()
    table = as_table(frame(60))
    assert gs.CTGAN(types="whole=categorical").read(table).spec.entries[4].kind == "categorical"
    with pytest.raises(gs.UserError, match="digits is no data for rows"):
        gs.CTGAN().fit("digits", steps=1)
    with pytest.raises(gs.UserError, match="numbers are due, but column .kind. holds text"):
        gs.R3GAN().fit(table, steps=1)
    with pytest.raises(gs.UserError, match="all ids"):
        gs.CTGAN().fit(frame()[["name"]], steps=1)


def test_from_a_file_to_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame().to_csv("census.csv", index=False)
    settings = ["--width", "8", "--modes", "3", "--types", "many=id", "--batch-size", "50"]
    assert main(["train", "ctgan", "census.csv", "--steps", "3", *settings]) == 0
    assert main(["sample", "runs/census-ctgan", "-n", "9", "-o", "made.csv", "--where", "kind=b"]) == 0
    made = pandas.read_csv("made.csv")
    assert list(made.columns) == list(frame().columns) and (made["kind"] == "b").all() and len(made) == 9
    assert made["whole"].dtype == "int64" and made["yes"].dtype == bool and len(made["since"][0]) == 10
    assert main(["sample", "runs/census-ctgan", "-n", "9", "-o", "made/"]) == 2
    assert "rows do not go to a folder; write .csv, .tsv, .parquet, .png" in capsys.readouterr().err


COLUMNS = {
    "numbers": lambda rng, n: rng.normal(size=n),
    "whole": lambda rng, n: rng.integers(0, 10_000, n),
    "category": lambda rng, n: rng.choice(["u", "v", "w"], n),
    "yes": lambda rng, n: rng.random(n) < 0.4,
    "date": lambda rng, n: pandas.Timestamp("2020-01-01") + pandas.to_timedelta(rng.integers(0, 10**7, n), unit="s"),
    "name": lambda rng, n: [f"row {i}" for i in range(n)],
    "gaps": lambda rng, n: np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
    "gap or category": lambda rng, n: pandas.Series(rng.choice(["u", "v"], n)).where(rng.random(n) < 0.8),
}
MIXTURES = [
    ("numbers",),
    ("category",),
    ("yes",),
    ("date",),
    ("gaps",),
    ("numbers", "whole"),
    ("category", "yes"),
    ("date", "numbers", "name"),
    ("gaps", "name"),
    ("gap or category", "name"),
    tuple(COLUMNS),
]


@pytest.mark.parametrize("names", MIXTURES, ids=", ".join)
@pytest.mark.parametrize("val", [0, 0.3])
def test_every_mixture_of_columns_trains_with_rows_held_out_or_not(names, val):
    rng = np.random.default_rng(0)
    rows = pandas.DataFrame({name: COLUMNS[name](rng, 60) for name in names})
    made = gs.CTGAN(modes=2, **SMALL).fit(rows, steps=2, batch_size=20, val=val).sample(7, seed=0)
    assert made.shape == (7, len(names)) and (made.dtypes == rows.dtypes)[[n for n in names if n != "name"]].all()


def test_without_a_column_to_ask_for_batches_hold_the_rows_of_their_index():
    table = gs.CTGAN(modes=2).read(pandas.DataFrame({"x": np.arange(40.0) / 7, "y": np.arange(40) ** 2 / 3}))
    for part in table.split(0.5):
        index = torch.tensor([19, 0, 7])
        wanted = part.spec.to_network(torch.from_numpy(part.spec.codes(part.raw(index))))
        assert torch.equal(part.batch(index).real, wanted)


def test_a_class_cannot_be_asked_of_rows(trained, tmp_path, capsys):
    from gansmith.cli.main import main

    trained.save(tmp_path / "x.gan")
    assert main(["sample", str(tmp_path / "x.gan"), "--label", "b", "-o", str(tmp_path / "x.csv")]) == 2
    assert "rows are asked for values with --where COLUMN=VALUE" in capsys.readouterr().err
