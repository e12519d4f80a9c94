"""The report: one page that needs nothing else, of any run in any state."""

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import gansmith as gs
from gansmith.errors import UserError
from gansmith.runs.report.page import WALL, group, write_report
from gansmith.runs.report.svg import BUCKETS, bucket, draw, scatter, spell, ticks


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run on pictures and one on points, a dozen rounds each."""
    folder = tmp_path_factory.mktemp("runs")
    options = {"steps": 12, "batch_size": 16, "device": "cpu", "precision": "fp32"}
    gs.R3GAN(width=8, latent=4, gamma=3.0).fit("digits", out=folder / "digits", **options)
    gs.WGANGP(width=8, latent=4).fit("ring8", out=folder / "ring8", **options)
    return folder


@pytest.fixture
def run(runs, tmp_path):
    """A run of one's own to damage."""
    return lambda name: shutil.copytree(runs / name, tmp_path / name)


class Page(HTMLParser):
    """What a browser would fetch, run or show."""

    def __init__(self, path):
        super().__init__()
        self.fetched, self.tags, self.open, self.text = [], [], [], ""
        self.html = path.read_text(encoding="utf-8")
        self.feed(self.html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        if tag not in ("meta", "img", "line", "path", "polygon", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, text):
        if "style" not in self.open:
            self.text += " " + text


@pytest.mark.parametrize("name", ["digits", "ring8"])
def test_the_page_is_whole_and_needs_nothing_else(runs, name):
    page = Page(write_report(runs / name))
    assert page.open == []
    assert all(value.startswith("data:image/") for value in page.fetched)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?://", page.html)
    assert len(page.html) < 1_000_000


@pytest.mark.parametrize("name", ["digits", "ring8"])
def test_it_tells_the_run(runs, name):
    page = Page(write_report(runs / name))
    about = json.loads((runs / name / "settings.json").read_text())
    row = json.loads((runs / name / "log.jsonl").read_text().splitlines()[-1])
    for word in (about["command"], about["digest"], about["machine"], *about["settings"], *about["reasons"]):
        assert word in page.text
    for number in set(row) - {"step", "seconds", "samples"}:
        assert number in page.text
    assert "12 training steps" in page.text and "192 real samples" in page.text and "Finished." in page.text
    assert f"gansmith resume {runs / name} --steps 24" in page.text
    assert page.text.count("Healthy:") == len(set(row) - {"step", "seconds", "samples"})


def test_settings_are_shown_against_their_defaults(runs):
    html = write_report(runs / "digits").read_text()
    assert re.search(r'<tr class="asked"><td>gamma</td><td>3.0</td><td class="soft">—</td>', html)
    assert re.search(r'<tr class="chosen"><td>learning_rate</td><td>0.00', html)
    assert re.search(r'<tr class=""><td>beta2</td><td>0.99</td><td class="soft">0.99</td>', html)


def test_sheets_are_in_order_and_not_too_many(run):
    folder = run("digits")
    sheet = next((folder / "samples").glob("*.png"))
    for step in range(1000, 31_000, 1000):
        (folder / "samples" / f"{step:07d}.png").write_bytes(sheet.read_bytes())
    rounds = re.findall(r"samples after training step ([\d,]+)", write_report(folder).read_text())
    rounds = [int(text.replace(",", "")) for text in rounds]
    assert len(rounds) == WALL and rounds == sorted(rounds)
    assert rounds[0] < 1000 and rounds[-1] == 30_000


def test_heavy_sheets_stay_a_light_page(run):
    folder = run("digits")
    noise = np.random.default_rng(0).integers(0, 256, (1040, 1040, 3), np.uint8)
    for step in range(100, 1100, 100):
        Image.fromarray(noise).save(folder / "samples" / f"{step:07d}.png")
    assert write_report(folder).stat().st_size < 3_000_000


def test_a_run_that_goes_on_or_was_killed_has_a_report_too(run):
    folder = run("ring8")
    (folder / "model.gan").unlink()
    with open(folder / "log.jsonl", "a") as log:
        log.write('{"step": 13, "seconds": 1.0, "sam')  # cut short by the kill
    page = Page(write_report(folder))
    assert "Not finished: 12 training steps are logged" in page.text


def test_a_run_resumed_beyond_its_model_is_not_finished(run):
    folder = run("ring8")
    row = json.loads((folder / "log.jsonl").read_text().splitlines()[-1]) | {"step": 50, "samples": 800}
    with open(folder / "log.jsonl", "a") as log:
        log.write(json.dumps(row) + "\n")
    text = Page(write_report(folder)).text
    assert "Not finished: 50 training steps are logged" in text and "50 training steps, 800 real samples" in text


def test_a_run_without_a_single_log_line_has_a_report(run):
    folder = run("digits")
    for path in [folder / "model.gan", folder / "log.jsonl", folder / "real.png", *(folder / "samples").iterdir()]:
        path.unlink()
    assert "Not finished: 0 training steps" in Page(write_report(folder)).text


def test_numbers_that_are_not_finite_are_left_out_of_curves(run):
    folder = run("ring8")
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    rows[3]["generator/adversarial"] = float("nan")
    for row in rows:
        row["discriminator/distance"] = float("inf")
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = Page(write_report(folder))
    assert not re.search(r'points="[^"]*(nan|inf)', page.html)


def test_names_are_escaped(run):
    folder = run("ring8")
    about = json.loads((folder / "settings.json").read_text())
    about |= {"name": "<script>alert(1)</script>", "command": "gansmith train '<b>'"}
    (folder / "settings.json").write_text(json.dumps(about))
    page = Page(write_report(folder))
    assert "script" not in page.tags and "train &#39;&lt;b&gt;&#39;" in page.html


def test_a_game_of_someone_else_has_a_report(run):
    folder = run("ring8")
    about = json.loads((folder / "settings.json").read_text()) | {"game": "MyGame"}
    (folder / "settings.json").write_text(json.dumps(about))
    assert "MyGame on ring8" in Page(write_report(folder)).text


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a run"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- curves ----------------------------------------------------------------------------------------------------------
def test_buckets_hold_mean_and_range():
    x, y = np.arange(10 * BUCKETS), np.tile(np.arange(10.0), BUCKETS)
    at, mean, low, high = bucket(x, y)
    assert len(at) == BUCKETS
    np.testing.assert_allclose(at[:2], [4.5, 14.5])
    np.testing.assert_allclose([mean.min(), mean.max(), low.max(), high.min()], [4.5, 4.5, 0, 9])


def test_a_few_points_are_drawn_as_they_are():
    at, mean, low, high = bucket(np.array([1, 2, 5]), np.array([3.0, np.nan, 7.0]))
    assert at.tolist() == [1, 5] and mean.tolist() == low.tolist() == high.tolist() == [3, 7]


@pytest.mark.parametrize(
    "low, high, expected",
    [(0, 10, [0, 2, 4, 6, 8, 10]), (-0.3, 0.9, [0, 0.5]), (2, 2, [2]), (0, 3007, [0, 1000, 2000, 3000])],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == expected


@pytest.mark.parametrize(
    "value, text", [(0.0, "0"), (-4, "−4"), (12_000, "12k"), (3.5e6, "3.5M"), (0.02, "0.02"), (2e-6, "2e−06")]
)
def test_axis_numbers_are_short(value, text):
    assert spell(value) == text


def test_a_spike_hides_nothing():
    y = np.r_[1e6, np.linspace(-1, 1, 999)]
    svg = ElementTree.fromstring(draw({"loss": (np.arange(1000), y)}))
    labels = [t.text for t in svg.iter("text")]
    assert "0" in labels and not any("M" in label or "k" in label for label in labels[:5])


def test_decades_are_drawn_on_a_logarithmic_scale():
    svg = draw({"a": (np.arange(300), 10.0 ** np.linspace(0, -5, 300))})
    assert "logarithmic" in svg
    assert "logarithmic" not in draw({"a": (np.arange(300), np.linspace(1, 2, 300))})
    points = re.search(r'polyline[^>]*points="([^"]*)"', svg)[1]
    x, y = np.array([[float(v) for v in p.split(",")] for p in points.split()]).T
    assert np.abs(np.polyval(np.polyfit(x, y, 1), x) - y).max() < 0.5, "a decay is a straight line"


def test_points_keep_their_places():
    svg = scatter(np.array([[0.0, 0.0], [1.0, 1.0], [9.0, 9.0]]), np.zeros(2), np.ones(2))
    places = [tuple(map(float, m)) for m in re.findall(r"M([\d.]+) ([\d.]+)h0", svg)]
    edge = 50 / 1.15
    assert places == [(round(50 - edge, 1), round(50 + edge, 1)), (round(50 + edge, 1), round(50 - edge, 1))]


def test_numbers_of_one_scale_are_drawn_together():
    assert (
        group("discriminator/real")
        == group("discriminator/fake")
        != group("discriminator/gradient_norm_real")
        == group("discriminator/gradient_norm_fake")
    )
    assert group("discriminator/r1") == group("discriminator/adversarial") != group("generator/adversarial")
