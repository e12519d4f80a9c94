"""What logged numbers mean: a game's class before its parents, those before the table of all games."""

from gansmith.game import Game
from gansmith.training.metrics import Metric, explain, metrics


class Parent(Game):
    logs = {"own/*": Metric("the parent's", "", ""), "step": Metric("counted otherwise", "", "")}


class Child(Parent):
    logs = {"own/number": Metric("the child's", "", "")}


def test_a_class_comes_before_its_parents_and_those_before_the_table():
    assert explain("own/number", Child).meaning == "the child's"
    assert explain("own/other", Child).meaning == explain("own/number", Parent).meaning == "the parent's"
    assert explain("step", Child).meaning == "counted otherwise"
    assert explain("seconds", Child) is explain("seconds") is metrics()["seconds"]


def test_what_nobody_says_anything_of_has_no_entry():
    assert explain("discriminator/phase_of_the_moon", Child) is None


def test_no_entry_of_the_table_is_hidden_behind_another():
    for pattern, metric in metrics().items():
        assert explain(pattern.replace("*", "discriminator")) is metric, pattern
