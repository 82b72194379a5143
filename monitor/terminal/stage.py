"""The live picture of a scenario being lived through: a lane per layer, and what is noticed as it is.

On a terminal the picture is drawn again and again; anywhere else the same news are printed line by
line. Lanes show what has been committed, not what the scenario knows.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.text import Text

from monitor.model import EventType, Layer, Probe, Status, StoredEvent, TargetState
from monitor.terminal import paint

_LABEL: Final = 13
_LEGEND: Final = 24
_NEWS: Final = 13
_LANES: Final = (Layer.REGISTRATION, Layer.DNS, Layer.NETWORK, Layer.EDGE, Layer.CERTIFICATE)

# Told apart by their letters first, and by colour where there is any.
_COLOURS: Final = ("cyan", "magenta", "blue", "bright_yellow", "bright_green", "bright_red", "white")
_NOBODY: Final = ("·", "dim")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One line of the chronicle: something that happens, or that is noticed."""

    at: datetime
    mark: str
    text: str
    style: str


class Stage:
    """Collects what happens and what is noticed, and shows it."""

    def __init__(
        self,
        *,
        title: str,
        start: datetime,
        end: datetime,
        now: Callable[[], datetime],
        lines: int = _NEWS,
    ) -> None:
        self._title = title
        self._start = start
        self._end = end
        self._now = now
        self._news: deque[News] = deque(maxlen=lines)
        self._facts: list[datetime] = []
        self._lanes: dict[str, list[tuple[datetime, tuple[str, str], str]]] = {}
        self._colours: dict[str, str] = {}
        self._delivered = 0
        self.print: Callable[[News], None] = lambda _: None
        """Is given every line as it comes; for where there is no live picture."""

    def happens(self, at: datetime, text: str) -> None:
        """Show something that really happened in the scenario."""
        self._facts.append(at)
        self._tell(News(at=at, mark="▲", text=text, style=paint.DIM))

    def noticed(self, stored: StoredEvent) -> None:
        """Show an event of the monitor."""
        event = stored.event
        if event.type is EventType.STATUS_CHANGED:
            return  # the incident that comes with it says the same and more
        style = paint.SEVERITIES[event.severity]
        self._tell(News(at=event.at, mark="●", text=event.text, style=style))

    def delivered(self) -> None:
        """Count an event that the receiver has got."""
        self._delivered += 1

    def sample(self, state: TargetState) -> None:
        """Note who stands behind each layer, and how the target is, from now on."""
        now = self._now()
        verdict = state.memory.verdict
        label = f"{verdict.status}{f' · {verdict.diagnosis}' if verdict.diagnosis else ''}"
        self._note("status", now, (paint.SIGNS[verdict.status], paint.STYLES[verdict.status]), label)
        self._note("answers", now, *_answers(state))
        layers = {layer.layer: layer for layer in state.memory.layers}
        for name in _LANES:
            layer = layers.get(name)
            if layer is None or not layer.known:
                self._note(name, now, _NOBODY, "not known" if layer else "")
                continue
            ids = "+".join(layer.confirmed.ids)
            names = " + ".join(provider.name for provider in layer.confirmed.providers)
            self._note(name, now, (ids[0].upper(), self._colour(ids)), names)

    def _note(self, lane: str, at: datetime, cell: tuple[str, str], label: str) -> None:
        past = self._lanes.setdefault(lane, [])
        if not past or past[-1][1:] != (cell, label):
            past.append((at, cell, label))

    def _colour(self, ids: str) -> str:
        return self._colours.setdefault(ids, _COLOURS[len(self._colours) % len(_COLOURS)])

    def _tell(self, news: News) -> None:
        self._news.append(news)
        self.print(news)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the picture at the width that there is."""
        del console
        width = max(20, options.max_width - _LABEL - _LEGEND)
        now = self._now()
        heading = Text.assemble((self._title, "bold"), f"   {paint.day(min(now, self._end))} UTC")
        heading.append(f"   {self._delivered} events told", style=paint.DIM)
        yield Group(
            heading,
            Text(),
            self._marks(width),
            *(self._lane(name, now, width) for name in ("status", "answers", *_LANES)),
            self._scale(width),
            Text(),
            *(line(news, options.max_width) for news in self._news),
        )

    def _column(self, at: datetime, width: int) -> int:
        part = (at - self._start) / (self._end - self._start)
        return min(width - 1, max(0, int(part * width)))

    def _marks(self, width: int) -> Text:
        cells = [" "] * width
        for at in self._facts:
            cells[self._column(at, width)] = "▲"
        return Text("what happens".ljust(_LABEL), style=paint.DIM).append("".join(cells), style="not dim")

    def _lane(self, name: str, now: datetime, width: int) -> Text:
        past = self._lanes.get(name, [])
        text = Text(name.ljust(_LABEL), style="")
        upto = self._column(now, width)
        cells: list[tuple[str, str]] = [(" ", "")] * width
        for index, (at, cell, _) in enumerate(past):
            until = self._column(past[index + 1][0], width) if index + 1 < len(past) else upto + 1
            begin = self._column(at, width)
            # A short stretch keeps its column: what lasted an hour must not vanish in a month.
            for column in range(begin, max(begin + 1, until)):
                cells[column] = cell
        for sign, style in cells:
            text.append(sign, style=style)
        if past:
            text.append("  ")
            text.append_text(paint.plain(past[-1][2], style=past[-1][1][1], limit=_LEGEND - 3))
        return text

    def _scale(self, width: int) -> Text:
        middle = self._start + (self._end - self._start) / 2
        left, centre, right = (f"{moment:%-d %b}" for moment in (self._start, middle, self._end))
        line = left + centre.center(width - len(left) - len(right)) + right
        return Text(" " * _LABEL + line, style=paint.DIM)


def _answers(state: TargetState) -> tuple[tuple[str, str], str]:
    """Return the cell for what the last page look-up got."""
    run = next((run for run in state.pulse.runs if run.probe is Probe.HTTP), None)
    if run is None:
        return _NOBODY, ""
    if run.http_status is not None:
        style = paint.STYLES[Status.UP if run.http_status < 400 else Status.DEGRADED]  # noqa: PLR2004  # RFC 9110
        return (str(run.http_status)[0], style), str(run.http_status)
    return ("x", paint.STYLES[Status.DOWN]), str(run.failure)


def line(news: News, width: int = 200) -> Text:
    """Return one line of news."""
    text = Text(f"{paint.day(news.at)}  {news.mark} ", style=news.style, no_wrap=True)
    text.append_text(paint.plain(" ".join(news.text.split()), style=news.style, limit=max(20, width - 22)))
    return text
