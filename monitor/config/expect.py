"""`[targets.expect]`, and `expect` of whatever else is looked at over HTTP: from its table to an `Expect`."""

from collections.abc import Callable

from monitor.config.problem import Place, Problems
from monitor.config.schema import ExpectTable
from monitor.config.wording import shown
from monitor.model import Expect

Refuse = Callable[[str, str], None]
"""Takes the key, and what is wrong with it."""


def read_expect(
    table: ExpectTable, place: Place, url: str, *, timeout_s: float, problems: Problems
) -> Expect | None:
    """Return what a page must be like; None: nothing is asked for, or nothing is left. Mistakes are noted."""
    if not table.model_fields_set and problems.inside(place.loc):
        return None  # nothing is left of it, and that has been told
    return build_expect(
        table,
        timeout_s=timeout_s,
        https=url.startswith("https:"),
        note=lambda key, problem: problems.add(place.at(key) if key else place, problem),
    )


def build_expect(table: ExpectTable, *, timeout_s: float, https: bool, note: Refuse) -> Expect | None:
    """Return the conditions of a table; None: it has none. What contradicts itself is noted."""
    expect = Expect(
        status=table.status or (),
        contains=table.contains or (),
        not_contains=table.not_contains or (),
        title=table.title or (),
        min_text=table.min_text,
        json=table.json_paths or (),
        certificate_issuer=table.certificate_issuer or (),
        max_response_s=table.max_response_time,
    )
    if expect == Expect():
        note("", "asks for nothing; leave it out, or say what the page must be like")
        return None
    return expect if _agrees(expect, timeout_s, https=https, note=note) else None


def _agrees(expect: Expect, timeout_s: float, *, https: bool, note: Refuse) -> bool:
    """Tell whether the conditions can all hold; what cannot is noted."""
    fine = True
    wanted = [text.lower() for text in expect.contains]
    for text in expect.not_contains:
        if any(text.lower() in other for other in wanted):
            note("not_contains", f"{shown(text)} is part of what contains asks for: no page can do both")
            fine = False
    if expect.max_response_s is not None and expect.max_response_s >= timeout_s:
        note(
            "max_response_time", "is not shorter than the timeout of http: such an answer would never be seen"
        )
        fine = False
    if expect.certificate_issuer and not https:
        note("certificate_issuer", "goes with a page over https")
        fine = False
    return fine
