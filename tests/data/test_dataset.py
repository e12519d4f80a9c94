from dataclasses import replace

import numpy as np
import pytest
import torch

from gansmith.data import read
from gansmith.data.dataset import Order
from gansmith.data.kinds.vectors import Vectors
from gansmith.data.spec import DataSpec
from gansmith.errors import UserError


def test_batch_is_in_network_units_and_raw_in_those_of_the_data():
    x = np.random.default_rng(0).normal(5, 3, (50, 4)).astype(np.float32)
    data = read((x, np.arange(50) % 3))
    index = torch.tensor([7, 0, 49])
    batch = data.batch(index)
    assert batch.real.dtype == torch.float32 and batch.label.tolist() == [1, 0, 1] and len(batch) == 3
    np.testing.assert_allclose(data.spec.to_data(batch.real), x[index], rtol=1e-5)
    np.testing.assert_array_equal(data.raw(index), x[index])
    everything = data.batch(torch.arange(50)).real
    torch.testing.assert_close(everything.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(everything.std(0, correction=0), torch.ones(4))


def test_pictures_go_from_bytes_to_minus_one_to_one_and_back():
    x = np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8)
    data = read(x)
    real = data.batch(torch.arange(4)).real
    assert real.min() == -1 and real.max() == 1
    np.testing.assert_array_equal(data.spec.to_data(real), x)


def test_split_is_disjoint_complete_and_repeatable():
    data = read(np.arange(40, dtype=np.float32))
    train, held = data.split(0.25, seed=3)
    again = data.split(0.25, seed=3)[1]
    rows = torch.cat([train.rows, held.rows])
    assert (len(train), len(held)) == (30, 10) and sorted(rows.tolist()) == list(range(40))
    assert held.rows.equal(again.rows) and not held.rows.equal(data.split(0.25, seed=4)[1].rows)
    np.testing.assert_array_equal(held.raw([0, 1])[:, 0], held.rows[:2])
    torch.testing.assert_close(held.batch(torch.tensor([2])).real, data.batch(held.rows[2:3]).real)
    with pytest.raises(UserError, match="one side empty"):
        data.split(0.001)


def test_parts_of_one_owner_stay_together():
    data = replace(read(np.arange(40, dtype=np.float32)), owner=np.arange(40) // 4)
    train, held = data.split(0.25, seed=3)
    assert len(held) == 8 and set(train.owner[train.rows]).isdisjoint(held.owner[held.rows])
    train, held = train.split(0.25)
    assert set(train.owner[train.rows]).isdisjoint(held.owner[held.rows]) and len(train) + len(held) == 32
    large = replace(data, owner=np.r_[np.zeros(31), np.ones(9)])  # neither fits into a tenth: the smaller one
    assert large.split(0.1)[1].rows.tolist() == list(range(31, 40))
    plain = read(np.arange(40, dtype=np.float32)).split(0.25)[1].rows
    for owner in (np.arange(40), np.zeros(40)):  # each its own, or all the same: as ever
        assert replace(data, owner=owner).split(0.25)[1].rows.equal(plain)


def test_order_passes_over_all_items_and_ranks_share_none():
    order, ranks = Order(10, seed=1), [Order(10, seed=1), Order(10, seed=1)]
    first = [order.take(4) for _ in range(5)]
    assert sorted(torch.cat(first)[:10].tolist()) == list(range(10))
    assert sorted(torch.cat(first)[10:].tolist()) == list(range(10))
    for i in range(5):
        parts = [ranks[r].take(2, rank=r, ranks=2) for r in range(2)]
        assert torch.cat(parts).equal(first[i])
    resumed = Order(10, seed=1)
    resumed.position = 8
    assert resumed.take(4).equal(first[2])


def test_a_part_keeps_its_memo_for_the_round():
    batch = read(np.arange(10, dtype=np.float32)).batch(torch.arange(10))
    a, b = batch.parts(2)
    a.memo["seen"] = a.index
    assert len(a) == len(b) == 5 and torch.cat([a.real, b.real]).equal(batch.real)
    later, other = batch.parts(2)  # the next turn of the round cuts the same batch anew
    assert later.memo["seen"].equal(later.index) and "seen" not in other.memo


def test_spec_survives_json():
    spec = Vectors((2,), columns=("a", "b"), center=(1.0, 2.0), scale=(3.0, 4.0))
    assert DataSpec.from_json(spec.to_json()) == spec
