"""What one run says as a whole: ours divided by the peers, and the bars of the plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench import peers
from bench.end_to_end import sustained, with_spare
from bench.figures import Figure, Target, ratio
from bench.machine import BARE
from bench.plot import Bar, Chart

PART = "ratios, in this run"


def ratios(figures: Sequence[Figure]) -> list[Figure]:
    """Those ratios of performance targets of which at least one side was measured."""
    known = {figure.name: figure for figure in figures}
    wanted = [
        ("docker run --rm over ours, docker, spare ready", peers.CLI, with_spare("docker"), 35.0),
        ("ours, docker, sustained over the engine's limit", sustained("docker"), peers.ENGINE, 0.9),
        ("ours, crun, sustained over bare interpreter starts", sustained("crun"), BARE, 0.35),
        ("ours, crun, sustained over isolate", sustained("crun"), peers.ISOLATE, 1.3),
        ("ours, crun, sustained over crun run alone", sustained("crun"), peers.CRUN, None),
    ]
    return [
        ratio(PART, name, known.get(over), known.get(under), Target(">=", bound) if bound else None)
        for name, over, under, bound in wanted
        if over in known or under in known
    ]


def charts(figures: Sequence[Figure]) -> list[Chart]:
    """Latency and throughput, ours beside the others."""
    known = {figure.name: figure.value for figure in figures if figure.value is not None}

    def bars(rows: Sequence[tuple[str, str, str]]) -> list[Bar]:
        return [Bar(title, known[name], kind) for name, title, kind in rows if name in known]

    waits = [
        (with_spare("crun"), "Sandfleet on crun, over HTTP", "ours"),
        (with_spare("docker"), "Sandfleet on Docker, over HTTP", "ours"),
        ("crun run alone, one at a time", "crun run", "peer"),
        (f"{peers.ISOLATE}, one at a time", "isolate", "peer"),
        ("epicbox from PyPI, with our image", "epicbox", "peer"),
        ("llm-sandbox from PyPI, with our image", "llm-sandbox", "peer"),
        ("docker-py containers.run(remove=True)", "docker-py containers.run", "peer"),
        (peers.CLI, "docker run --rm", "peer"),
    ]
    rates = [
        (BARE, "bare interpreter, no isolation", "wall"),
        (sustained("crun"), "Sandfleet on crun", "ours"),
        (peers.CRUN, "crun run", "peer"),
        (peers.ISOLATE, "isolate", "peer"),
        (sustained("docker"), "Sandfleet on Docker", "ours"),
        (peers.ENGINE, "the engine's own limit", "wall"),
    ]
    return [
        Chart("Submit to result, median (shorter is better; logarithmic)", "ms", bars(waits)),
        Chart("Jobs a second, sustained (longer is better; logarithmic)", "/s", bars(rates)),
    ]


def caption(machine: Mapping[str, Any], began: str) -> str:
    """Where and when, below the plot."""
    return f"{machine['cores']} cores, kernel {machine['kernel']}, one run of {began}; logarithmic scales"
