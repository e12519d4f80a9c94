"""Names from outside: made safe to print, to write to and to type."""

from pathlib import Path

import pytest

from gansmith.names import inner_parts, safe_name, safe_names, shown, typed


@pytest.mark.parametrize(
    "name, text",
    [
        ("plain ünï 猫.png", "plain ünï 猫.png"),
        ("a\x1b[31m", "a\\x1b[31m"),
        ("b\r\n  nothing odd found", "b\\r\\n  nothing odd found"),
        ("c\x9b1m\x07\x7f", "c\\x9b1m\\x07\\x7f"),
        ("d\u2028e\u202e", "d\\u2028e\\u202e"),
        ("caf\udce9", "caf\ufffd"),
    ],
)
def test_shown_is_one_line_that_any_file_takes(name, text):
    assert shown(name) == text and shown(name).encode() and len(shown(name).splitlines()) == 1


def test_typed_is_one_word_of_a_shell():
    assert typed("my run") == "'my run'" and typed("$(rm x)") == "'$(rm x)'" and typed("runs/a") == "runs/a"


def test_inner_parts_never_lead_out():
    for name in ("../../a", "/a", "C:\\a", "\\\\a", "./a", "b/../../a", "..\\a"):
        assert inner_parts(name)[-1] == "a" and not {"..", "", ".", "C:"} & set(inner_parts(name))
    assert inner_parts("..") == [] and inner_parts("/") == []


def test_safe_names_lie_below_and_apart():
    given = [
        "../a.jpg",
        "/etc/a.png",
        "x/b.jpg",
        "x/b.gif",
        "X/B.gif",
        "..",
        "c.jpg",
        "d.tar.gz",
        "n\nl.png",
        "e" * 300,
    ]
    made = safe_names(given, ".png")
    assert len({str(path).casefold() for path in made}) == len(given)
    assert all(not path.is_absolute() and ".." not in path.parts and path.suffix == ".png" for path in made)
    assert all(len(part.encode()) < 256 for path in made for part in path.parts)
    assert [str(path) for path in made[:4]] == ["a.png", "etc/a.png", "x/b.jpg.png", "x/b.gif.png"]
    assert safe_names(["x.png", "x.png/y.png"], ".png") == [Path("x.png (2).png"), Path("x.png/y.png")]
    assert made[6:8] == [Path("c.png"), Path("d.tar.png")]


def test_safe_name_is_one_part():
    assert safe_name("../a/b") == "a_b" and safe_name("con:x\x00") == "con_x_" and safe_name("..") == "unnamed"
