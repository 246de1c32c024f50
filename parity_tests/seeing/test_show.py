"""What feature sets and bundles show in a notebook: a table and a lineage picture."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import featurelib as fl
from featurelib.lineage import boxes, layers, lineage_svg
from featurelib.node import INPUT
from featurelib.program import Program
from parity_tests.feature_sets.flights import flights
from parity_tests.seeing.small import Trip, bundle, small

SVG = "{http://www.w3.org/2000/svg}"


class Tags(HTMLParser):
    """Tags, attributes and text of a page; every opened tag must be closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("shown", [small, bundle, flights], ids=["set", "bundle", "flights"])
def test_every_feature_has_a_row(shown: fl.FeatureSet | fl.Bundle) -> None:
    """The page is well formed, runs nothing, loads nothing, and names each feature."""
    page = shown._repr_html_()
    tags = Tags(page)
    assert tags.seen.count("tr") == 1 + len(shown.program.outputs)
    assert not {"script", "link", "img", "iframe", "b"} & set(tags.seen)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    for name in shown.program.outputs:
        assert name in tags.text


def test_what_authors_write_is_text() -> None:
    """Names, descriptions, owners and tags are escaped, never interpreted."""
    text = Tags(small._repr_html_()).text
    for written in ("<script>alert(1)</script>", "<b>team</b>", "a&b", "small & <fine>"):
        assert written in text


def test_the_picture_has_every_input_and_feature_and_what_it_reads() -> None:
    """A group for each box, a curve for each reading; the SVG is well formed."""
    made = boxes(flights.program)
    svg = ElementTree.fromstring(lineage_svg(flights.program))
    groups = svg.findall(f"{SVG}g")
    titles = [(g.findtext(f"{SVG}title") or "").partition(":")[0] for g in groups]
    assert sorted(titles) == sorted(made)
    assert len(svg.findall(f".//{SVG}path")) == sum(len(b.reads) for b in made.values())


@pytest.mark.parametrize("program", [small.program, flights.program], ids=["small", "flights"])
def test_boxes_stand_in_the_picture_and_on_no_other(program: Program) -> None:
    """Boxes of a layer do not overlap, and none leaves the picture."""
    svg = ElementTree.fromstring(lineage_svg(program))
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    by_x: dict[float, list[float]] = {}
    for rect in svg.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.attrib[k]) for k in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        by_x.setdefault(x, []).append(y)
    for ys in by_x.values():
        gaps = [b - a for a, b in zip(sorted(ys), sorted(ys)[1:], strict=False)]
        assert all(gap >= 20 for gap in gaps)


def test_a_feature_of_a_feature_reads_the_feature() -> None:
    """Lineage shows what the author wrote: not the inputs below it once more."""
    made = boxes(small.program)
    assert made["rush_hour"].reads == ("hour",)
    assert set(made["late_and_rush"].reads) == {"delay", "rush_hour"}
    assert made["delay_z"].is_fitted and not made["hour"].is_fitted


def test_layers_put_what_is_read_before_its_readers() -> None:
    """Inputs come first, and a feature comes after all that it reads."""
    made = boxes(flights.program)
    place = {name: i for i, layer in enumerate(layers(made)) for name in layer}
    assert sorted(place) == sorted(made)
    for box in made.values():
        assert all(place[r] < place[box.name] for r in box.reads)
        assert (place[box.name] == 0) == box.is_input


def test_two_features_of_one_value_are_both_drawn() -> None:
    """Common subexpressions are one node; the second name reads the first."""
    features = [
        fl.Feature(f"copy_{k}", version=1, expr=fl.col("delay").fill_null(0.0)) for k in range(2)
    ]
    copies = fl.FeatureSet("copies", version="1.0.0", inputs=Trip, features=features)
    made = boxes(copies.program)
    assert made["copy_0"].reads == ("delay",) and made["copy_1"].reads == ("copy_0",)
    assert "copy_1" in copies._repr_html_()


def test_a_feature_that_is_an_input_is_drawn() -> None:
    """A feature may pass a column on as it is."""
    feature = fl.Feature("same", version=1, expr=fl.col("city"))
    one = fl.FeatureSet("one", version="1.0.0", inputs=Trip, features=[feature])
    assert one.program.outputs["same"].op == INPUT
    assert boxes(one.program)["same"].reads == ("city",)
    assert "same" in one._repr_html_()


def test_a_large_set_is_drawn_in_part_and_listed_whole() -> None:
    """The picture has its limit and says so; the table has none."""
    features = [
        fl.Feature(f"f{k}", version=1, expr=fl.col("delay").fill_null(0.0) + float(k))
        for k in range(200)
    ]
    large = fl.FeatureSet("large", version="1.0.0", inputs=Trip, features=features)
    page = large._repr_html_()
    assert Tags(page).seen.count("tr") == 201
    assert "50 more in the table" in page


def test_an_empty_set_shows_itself() -> None:
    """Nothing to draw is no failure."""
    empty = fl.FeatureSet("empty", version="1.0.0", inputs=Trip, features=[])
    assert "0 features" in empty._repr_html_()
    assert empty.explain().startswith("empty 1.0.0: 0 features")
