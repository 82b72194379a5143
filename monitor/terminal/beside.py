"""What is watched beside a target's front page: a line each on its sheet, an object each in its JSON."""

from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from monitor.model import HttpFacts, ListingFacts, PartRun, PartState, Probe, Status, TargetState
from monitor.terminal import paint


def table(state: TargetState) -> Table:
    """Return a row for each part that has been looked at."""
    rows = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in ("beside", "is", "since", "last look", "what was seen"):
        rows.add_column(heading, overflow="fold")
    runs = {(run.probe, run.part): run for run in state.pulse.parts}
    for part in state.memory.parts:
        run = runs.get((part.probe, part.part))
        rows.add_row(
            paint.plain(f"{part.probe} {part.part}", style=paint.LAYER_STYLE),
            _standing(part),
            paint.moment(part.since),
            paint.moment(run.at if run else None),
            paint.plain(_what(part, run)),
        )
    return rows


def _standing(part: PartState) -> Text:
    """Return how a part is, in its own words: a store lists an app or does not."""
    if part.probe is not Probe.LISTING or part.verdict.status is Status.UNKNOWN:
        return paint.status(part.verdict.status)
    return Text("listed", style="green") if part.verdict.status is Status.UP else Text("gone", style="red")


def documents(state: TargetState) -> list[dict[str, Any]]:
    """Return the parts as the JSON of a target has them."""
    runs = {(run.probe, run.part): run for run in state.pulse.parts}
    return [_document(part, runs.get((part.probe, part.part))) for part in state.memory.parts]


def _what(part: PartState, run: PartRun | None) -> str:
    if run is not None and run.failure is not None:
        detail = part.seen.detail if part.seen and part.seen.failure is run.failure else ""
        return f"{run.failure}: {detail}" if detail else str(run.failure)
    facts = part.seen.facts if part.seen else None
    if isinstance(facts, ListingFacts):
        version = f", version {facts.version}" if facts.version else ""
        return f"“{facts.name or facts.app}” by {facts.developer or 'somebody'}{version}"
    if isinstance(facts, HttpFacts):
        said = f"; {part.verdict.diagnosis}" if part.verdict.diagnosis else ""
        return f"{facts.status} “{facts.title or ''}”, {facts.text_length} characters{said}"
    return "answered"


def _document(part: PartState, run: PartRun | None) -> dict[str, Any]:
    suspected = part.suspected
    return {
        "probe": part.probe,
        "part": part.part,
        "status": part.verdict.status,
        "since": _iso(part.since),
        "diagnosis": part.verdict.diagnosis,
        "layer": part.verdict.layer,
        "sentence": part.verdict.sentence,
        "last_known": part.known.status if part.known else None,
        "last_known_since": _iso(part.known_since),
        "suspected": suspected.status if suspected else None,
        "at": _iso(run.at) if run else None,
        "duration_s": run.duration_s if run else None,
        "failure": run.failure if run else None,
        "http_status": run.http_status if run else None,
        "listing": _listing(part),
    }


def _listing(part: PartState) -> dict[str, Any] | None:
    facts = part.seen.facts if part.seen else None
    if not isinstance(facts, ListingFacts):
        return None
    return {
        "store": facts.store,
        "app": facts.app,
        "country": facts.country or None,
        "available": facts.available,
        "name": facts.name,
        "developer": facts.developer,
        "version": facts.version,
    }


def _iso(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
