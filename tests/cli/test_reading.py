"""Options of a kind of data on the command line: they reach the reader, are kept, or are refused."""

import json

import numpy as np
import pandas as pd
import pytest

from gansmith.cli.main import main
from gansmith.cli.settings import take_reading
from gansmith.gans import GAMES

ROWS = "age,city\n" + "".join(f"{20 + i % 7},{'LOR'[i % 3]}\n" for i in range(60))


def test_options_of_kinds_are_told_from_settings_of_games():
    given = {"types": "zip=categorical", "kind": "table", "width": "3"}
    assert take_reading(given) == {"types": "zip=categorical", "form": "table"} and given == {"width": "3"}
    given = {"types": "zip=categorical", "width": "3"}
    assert take_reading(given, GAMES["ctgan"]) == {} and given["types"] == "zip=categorical"


def test_types_of_columns_reach_a_game_that_was_chosen(tmp_path, capsys):
    (tmp_path / "t.csv").write_text(ROWS)
    run = tmp_path / "run"
    words = [
        "train",
        str(tmp_path / "t.csv"),
        "--types",
        "age=categorical",
        "--steps",
        "2",
        "--out",
        str(run),
        "--width",
        "8",
    ]
    assert main([*words, "--batch-size", "10"]) == 0
    about = json.loads((run / "settings.json").read_text())
    assert about["spec"]["entries"][0]["kind"] == "categorical"


@pytest.mark.parametrize(
    "words, said",
    [
        (["--rate-of-fire", "5"], "no kind of data has an option --rate-of-fire"),
        (["--kind", "sculptures"], "no such form"),
        (["--kind", "images"], "no pictures"),
        (["another"], "one DATA is taken; found also another"),
    ],
)
def test_an_option_of_no_kind_is_refused(tmp_path, capsys, words, said):
    (tmp_path / "t.csv").write_text(ROWS)
    assert main(["check", str(tmp_path / "t.csv"), *words]) == 2
    assert said in capsys.readouterr().err


def test_evaluate_takes_how_the_data_is_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("made.csv", "orders.csv"):
        frame = pd.DataFrame({"who": np.repeat(np.arange(60), 4), "amount": rng.random(240).round(2)})
        frame.to_csv(name, index=False)
    assert main(["evaluate", "made.csv", "orders.csv", "--group", "who", "-n", "20"]) == 0
    assert "numbers of rows" in capsys.readouterr().out
    assert main(["evaluate", "made.csv", "orders.csv", "--grup", "who"]) == 2
    assert "Did you mean --group?" in capsys.readouterr().err
