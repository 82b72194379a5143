"""How it stands with what is wished of a target, as the sheet and its JSON say it."""

from typing import Any

from rich.text import Text

from monitor.judge.desired import in_words
from monitor.model import Memory, Ruling
from monitor.terminal import paint

_STANDS = {True: ("kept", "green"), False: ("breached", "yellow"), None: ("not known", paint.DIM)}


def wishes(memory: Memory) -> Text:
    """Return one line for each rule of the target's policy."""
    text = Text("policy (what is wished of the target)", style="bold")
    for ruling in memory.rulings:
        word, style = _STANDS[ruling.kept]
        text.append(f"\n  {ruling.rule:<13} ", style="not bold").append(
            f"{word:<10}", style=f"not bold {style}"
        )
        text.append_text(paint.plain(_line(ruling), style="not bold", limit=300))
    return text


def _line(ruling: Ruling) -> str:
    if ruling.kept is None:
        return f"should be {' or '.join(ruling.wanted)}"
    since = f", since {paint.day(ruling.since)}" if ruling.since else ""
    return f"{in_words(ruling)}{since}"


def document(memory: Memory) -> list[dict[str, Any]]:
    """Return the same for machines."""
    return [
        {
            "rule": ruling.rule,
            "kept": ruling.kept,
            "wanted": list(ruling.wanted),
            "found": list(ruling.found) if ruling.kept is not None else None,
            "since": ruling.since.isoformat().replace("+00:00", "Z") if ruling.since else None,
        }
        for ruling in memory.rulings
    ]
