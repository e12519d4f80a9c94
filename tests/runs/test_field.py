"""The numbers of a field: rows of one name for samples, reals and control, of as many of each."""

import numpy as np

from gansmith.data.kinds.vectors import Vectors
from gansmith.data.kinds.volumes.kind import Volumes
from gansmith.runs.field import field_numbers


class Counted(Vectors):
    """Says how many it was shown, and which."""

    def measures(self, real, fake):
        return {"reals": len(real), "fakes": len(fake), "last": float(np.max(fake))}


def test_samples_reals_and_control_are_of_one_number_from_the_whole_range():
    column = lambda n: np.arange(float(n))[:, None]  # noqa: E731
    for items, other in ((20, 5), (5, 20)):
        found = field_numbers(Counted((1,)), column(50), column(other), column(items))
        rows = dict(zip(found["field_names"], np.stack([found[f"field_{x}"] for x in ("fake", "floor", "control")], 1)))
        assert rows["reals"].tolist() == [50] * 3 and rows["fakes"].tolist() == [5] * 3
        assert rows["last"].tolist() == [16 if items == 20 else 4, 16 if other == 20 else 4, 16 if other == 20 else 4]


def test_nearly_symmetric_shapes_have_one_axis_of_symmetry_for_any_number_of_samples():
    rng = np.random.default_rng(0)
    x = np.zeros((200, 1, 6, 6, 6), np.uint8)
    x[:, :, 1:5, 1:5, 1:5] = rng.random((200, 1, 4, 4, 4)) < 0.8
    form = Volumes.form_of(x, False)
    for count in (5, 10, 20, 40):
        assert len(field_numbers(form, x[:100], x[100:], x[:count])["field_names"]) == 9
    names = {tuple(form.measures(x[:100], x[100 : 100 + count])) for count in (3, 5, 8, 13, 40)}
    assert len(names) == 1
