"""The one table that ``python -m bench`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.figures import Figure

_HEADS = ("figure", "p50 or value", "p90", "p99", "n", "target", "")
_NAME_MOST = 62


def text(figures: Sequence[Figure], machine: Sequence[str]) -> str:
    """The machine, then every figure under the name of its part, then the notes."""
    rows: list[tuple[str, ...] | str] = [_HEADS]
    part = None
    notes: list[str] = []
    for figure in figures:
        if figure.part != part:
            part = figure.part
            rows.append(part)
        rows.append(_row(figure, notes))
    cells = [row for row in rows if not isinstance(row, str)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(_HEADS))]
    lines = [*machine, "", *(_line(row, widths) for row in rows)]
    if notes:
        lines += ["", *(f"  ({number}) {note}" for number, note in enumerate(notes, 1))]
    return "\n".join(line.rstrip() for line in lines)


def _row(figure: Figure, notes: list[str]) -> tuple[str, ...]:
    name = figure.name
    if figure.note:
        if figure.note not in notes:
            notes.append(figure.note)
        name += f" ({notes.index(figure.note) + 1})"
    if len(name) > _NAME_MOST:
        raise ValueError(f"too long for the table: {name}")
    value = "-" if figure.value is None else f"{number(figure.value)} {figure.unit}".rstrip()
    spread = ("", "", "")
    if figure.spread is not None:
        spread = (number(figure.spread.p90), number(figure.spread.p99), f"{figure.spread.n:,}")
    met = {True: "reached", False: "MISSED", None: ""}[figure.met]
    return (name, value, *spread, str(figure.target or ""), met)


def number(value: float) -> str:
    """A figure with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _line(row: tuple[str, ...] | str, widths: Sequence[int]) -> str:
    if isinstance(row, str):
        return f"\n  {row}\n  {'-' * (sum(widths) + 2 * len(widths) - 2)}"
    return "  " + "  ".join(_aligned(row, widths))


def _aligned(row: tuple[str, ...], widths: Sequence[int]) -> Iterable[str]:
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if at in (0, len(widths) - 1) else cell.rjust(width)
