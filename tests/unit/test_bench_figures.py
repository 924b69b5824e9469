"""What the benchmark makes of its measurements: quantiles, targets, the table, the plot."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench import plot, summary, table
from bench.end_to_end import sustained, with_spare
from bench.figures import Figure, Spread, Target, latency, quantile, ratio
from bench.peers import CLI, ENGINE
from bench.plot import Bar, Chart

TEN = [float(value) for value in range(1, 11)]


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 5), (0.9, 9), (0.91, 10), (0.99, 10), (1.0, 10), (0.0, 1)]
)
def test_a_quantile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert quantile(TEN, share) == value


def test_a_spread_sorts_first() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(3, 2.0, 3.0, 3.0, 3.0)


def test_nothing_measured_is_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (Target("<=", 10), 10.0, True),
        (Target("<=", 10), 10.1, False),
        (Target(">=", 35), 35.0, True),
        (Target(">=", 35), 34.9, False),
    ],
)
def test_a_target_is_met_at_its_bound(target: Target, value: float, met: bool) -> None:
    assert target.met(value) is met
    assert Figure(part="p", name="n", value=value, target=target).met is met


def test_a_figure_without_value_or_target_is_neither_reached_nor_missed() -> None:
    assert Figure(part="p", name="n", target=Target("<=", 1)).met is None
    assert Figure(part="p", name="n", value=1.0).met is None


def test_latencies_are_shown_in_milliseconds_by_their_median() -> None:
    figure = latency("p", "n", [0.001, 0.002, 0.009], 2.0)
    assert figure.spread is not None
    assert (figure.value, figure.unit, figure.spread.p99, figure.met) == (2.0, "ms", 9.0, True)


def test_a_latency_that_was_not_measured_says_so() -> None:
    assert latency("p", "n", []).note == "nothing was measured"
    assert latency("p", "n", [], note="why").note == "why"


def test_a_ratio_needs_both_sides() -> None:
    ours, theirs = (
        Figure(part="p", name=name, value=value) for name, value in (("ours", 6.0), ("theirs", 4.0))
    )
    assert ratio("r", "n", ours, theirs, Target(">=", 1.5)).met
    missing = ratio("r", "n", ours, Figure(part="p", name="theirs"), Target(">=", 1))
    assert (missing.value, missing.met) == (None, None)
    assert "theirs" in missing.note
    assert ratio("r", "n", None, theirs, None).value is None
    assert ratio("r", "n", ours, Figure(part="p", name="theirs", value=0.0), None).value is None


def test_ratios_are_made_of_what_was_measured() -> None:
    figures = [
        Figure(part="p", name=CLI, value=380.0, unit="ms"),
        Figure(part="p", name=with_spare("docker"), value=10.0, unit="ms"),
        Figure(part="p", name=sustained("docker"), value=9.0, unit="/s"),
        Figure(part="p", name=ENGINE, value=10.0, unit="/s"),
    ]
    found = {figure.name: figure for figure in summary.ratios(figures)}
    assert [figure.value for figure in found.values()] == [38.0, 0.9]
    assert all(figure.met for figure in found.values())
    assert summary.ratios([]) == []


def test_the_table_has_a_row_a_figure_and_a_note_once() -> None:
    figures = [
        latency("one", "a wait", [0.001], 10.0, "why"),
        Figure(part="one", name="a rate", value=1234.5, unit="/s", note="why"),
        Figure(part="two", name="too slow", value=3.0, unit="ms", target=Target("<=", 2)),
        Figure(part="two", name="not there", note="not installed"),
    ]
    lines = table.text(figures, ["  the machine"]).splitlines()
    assert lines[0] == "  the machine"
    assert [line.strip() for line in lines if line.strip() in ("one", "two")] == ["one", "two"]
    (wait,) = [line for line in lines if "a wait (1)" in line]
    assert wait.split()[3:] == ["1.00", "ms", "1.00", "1.00", "1", "<=", "10", "reached"]
    (rate,) = [line for line in lines if "a rate (1)" in line]
    assert "1,234 /s" in rate
    (slow,) = [line for line in lines if "too slow" in line]
    assert slow.endswith("MISSED")
    assert lines[-2:] == ["  (1) why", "  (2) not installed"]
    assert all(line == line.rstrip() for line in lines)


def test_a_name_too_long_for_the_table_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="too long"):
        table.text([Figure(part="p", name="n" * 80, value=1.0)], [])


@pytest.mark.parametrize(
    ("value", "shown"), [(0.044, "0.04"), (9.99, "9.99"), (12.34, "12.3"), (12345.6, "12,346")]
)
def test_numbers_have_the_digits_that_mean_something(value: float, shown: str) -> None:
    assert table.number(value) == shown


def test_the_plot_is_sound_xml_and_longer_bars_mean_more() -> None:
    chart = Chart('a "title" & <more>', "ms", [Bar("one", 4.0, "ours"), Bar("two", 400.0, "peer")])
    root = ElementTree.fromstring(  # noqa: S314 - our own text
        plot.svg([chart, Chart("empty", "/s", [])], 'a "caption" <of> one & all')
    )
    assert root.attrib["aria-label"] == 'a "caption" <of> one & all'
    space = "{http://www.w3.org/2000/svg}"
    one, two = root.findall(f"{space}rect")
    assert float(one.attrib["width"]) < float(two.attrib["width"])
    words = [text.text for text in root.findall(f"{space}text")]
    assert 'a "title" & <more>' in words
    assert "empty" not in words
    assert "4.0 ms" in words
    assert "400 ms" in words
    height = float(root.attrib["height"])
    assert all(float(element.attrib.get("y", 0)) < height for element in root)


def test_bars_of_one_value_fit_too() -> None:
    drawn = plot.svg([Chart("t", "/s", [Bar("one", 1.0, "ours")])], "c")
    assert len(ElementTree.fromstring(drawn).findall("{*}rect")) == 1  # noqa: S314 - our own text


def test_a_figure_is_written_with_its_target_and_whether_it_was_reached() -> None:
    said = latency("p", "n", [0.0123456], 10.0).to_json()
    assert (said["value"], said["unit"], said["target"], said["met"]) == (12.35, "ms", "<= 10", False)
    assert said["spread"]["p99"] == 12.35
