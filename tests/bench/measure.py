"""The four measurements; each returns its rows."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.peer import Blackbox, blackbox
from tests.bench.table import Ratio, Row
from tests.bench.web import Web, serving
from tests.bench.worker import BenchError, Worker

Log = Any  # a rich console, or anything else with `print`


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    rounds: int
    http: int
    """Targets, each with a page of its own. More than the pages that are remembered (4,096), so that
    each page has to be read, as with 100,000 targets."""
    https: int
    names: int
    """Targets whose address is looked up."""
    at_once: int
    scheduled: int
    interval_s: float
    warm_up_s: float
    measure_s: float
    alone: int
    alone_interval_s: float
    alone_s: float
    series: int
    many_series: int
    remembered: int
    """Targets that memory is measured with."""


DEFAULT = Size(
    rounds=4,
    http=5000,
    https=2000,
    names=2000,
    at_once=50,
    scheduled=10_000,
    interval_s=10.0,
    warm_up_s=11.0,
    measure_s=30.0,
    alone=100_000,
    alone_interval_s=60.0,
    alone_s=15.0,
    series=100_000,
    many_series=1_000_000,
    remembered=10_000,
)
QUICK = Size(
    rounds=2,
    http=300,
    https=200,
    names=200,
    at_once=50,
    scheduled=300,
    interval_s=1.0,
    warm_up_s=1.0,
    measure_s=2.0,
    alone=3000,
    alone_interval_s=2.0,
    alone_s=2.0,
    series=3000,
    many_series=10_000,
    remembered=500,
)

_CPU_BAR_MS = 0.30
_RATIO_BAR = 1.7
_LAG_BAR_S = 1.0
_BLOCK_BAR_S = 0.050
_FLEET = 100_000
_MIB = 1 << 20
_MEMORY_BAR = 2048 * _MIB


@dataclass(slots=True)
class _Runs:
    """What one kind of probe cost, round by round."""

    cpu_ms: list[float]
    per_s: list[float]


def probes(size: Size) -> Iterator[Row]:
    """Measure CPU per probe: ours and the peer's in turns, on the same pages of the same nginx."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        web = stack.enter_context(serving(folder, size.http + size.https + size.names))
        peer = stack.enter_context(blackbox(folder, web.ca))
        # No two targets share a page, so that none is recognised as read for another one.
        names = range(size.http + size.https, size.http + size.https + size.names)
        fleets = {
            "http": [web.url(n) for n in range(size.http)],
            "https": [web.url(n, tls=True) for n in range(size.http, size.http + size.https)],
            "names": [web.url(n, host=f"t{n}.bench.example") for n in names],
        }
        responder = stack.enter_context(Worker("responder"))
        ours = stack.enter_context(
            Worker(
                "probing",
                folder=str(folder),
                ca=str(web.ca),
                resolver=responder.ask()["endpoint"],
                at_once=size.at_once,
                fleets=fleets,
            )
        )
        runs, theirs = _in_turns(size, fleets, ours, peer)
    version = f"blackbox_exporter {peer.version}" if peer else "blackbox_exporter is not installed"
    yield _cost("http", "CPU per HTTP probe, whole pipeline", runs, theirs, note=version)
    yield _cost("https", "CPU per HTTPS probe, whole pipeline", runs, theirs, note=version)
    yield _cost(
        "names", "CPU per HTTP probe that looks its name up", runs, {}, note="no peer: other resolvers"
    )
    for kind, name in (("http", "HTTP"), ("https", "HTTPS")):
        yield Row(
            id=f"{kind}_per_s",
            what=f"{name} probes a second, one process, {size.at_once} at once",
            unit="/s",
            ours=median(runs[kind].per_s),
            peer=median(theirs[kind].per_s) if kind in theirs else None,
            note="nginx and the load share the cores",
        )


def _in_turns(
    size: Size, fleets: dict[str, list[str]], ours: Worker, peer: Blackbox | None
) -> tuple[dict[str, _Runs], dict[str, _Runs]]:
    """Run every fleet once to warm up, then ours and theirs in turns."""
    own = {kind: _Runs([], []) for kind in fleets}
    theirs = {kind: _Runs([], []) for kind in fleets if peer and kind != "names"}
    with ExitStack() as stack:
        load = None
        if peer:
            probe = f"http://127.0.0.1:{peer.port}/probe"
            load = stack.enter_context(Worker("asking", at_once=size.at_once, probe=probe))
        for number in range(size.rounds + 1):
            for kind, urls in fleets.items():
                _turn(own[kind] if number else None, ours, len(urls), ours, fleet=kind)
                if peer and load and kind in theirs:
                    _turn(theirs[kind] if number else None, peer, len(urls), load, urls=urls)
    return own, theirs


def _turn(
    runs: _Runs | None, counted: Worker | Blackbox, count: int, asked: Worker, **question: object
) -> None:
    before = counted.cpu_s
    wall_s = asked.ask(**question)["wall_s"]
    if runs is not None:
        runs.cpu_ms.append((counted.cpu_s - before) / count * 1000)
        runs.per_s.append(count / wall_s)


def _cost(kind: str, what: str, ours: dict[str, _Runs], theirs: dict[str, _Runs], *, note: str) -> Row:
    cpu_ms = ours[kind].cpu_ms
    peer = theirs.get(kind)
    ratio = Ratio.of(cpu_ms, peer.cpu_ms) if peer else None
    mine = median(cpu_ms)
    bar, met = "", None
    if kind == "http":
        bar = f"≤ {_CPU_BAR_MS:.2f} ms, ≥ {_RATIO_BAR} x"
        met = mine <= _CPU_BAR_MS and (ratio is None or ratio.middle >= _RATIO_BAR)
    return Row(
        id=f"{kind}_cpu",
        what=what,
        unit="ms",
        ours=mine,
        peer=median(peer.cpu_ms) if peer else None,
        ratio=ratio,
        bar=bar,
        met=met,
        note=note,
    )


def schedule(size: Size) -> Iterator[Row]:
    """Measure how late checks start, and what the schedule itself costs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with serving(folder, size.scheduled) as web:
            told = _lag(size, folder, web)
    if set(told["answered"]) - {"200", "missed", "dns", "registration"}:
        message = f"not every probe got its page: {told['answered']}"
        raise BenchError(message)
    rate = f"{told['per_s']:,.0f}/s for {size.measure_s:g} s"
    note = f"{rate}, {told['missed']} missed, {told['cores']:.0%} of a core"
    yield from _lags("lag", f"schedule lag, {size.scheduled:,} HTTP targets", told, note)
    with Worker(
        "lag",
        checks=size.alone,
        interval_s=size.alone_interval_s,
        warm_up_s=size.warm_up_s / 4,
        measure_s=size.alone_s,
    ) as alone:
        told = alone.ask()
    note = f"{told['per_s']:,.0f}/s, {told['missed']} missed, no probes"
    what = f"the schedule alone, {size.alone:,} checks"
    yield Row(id="alone_cpu", what=f"{what}: CPU", unit="% of a core", ours=told["cores"] * 100, note=note)
    yield from _lags("alone_lag", what, told, "")


def _lag(size: Size, folder: Path, web: Web) -> dict[str, Any]:
    with Worker(
        "lag",
        folder=str(folder),
        ca=str(web.ca),
        urls=[web.url(n) for n in range(size.scheduled)],
        interval_s=size.interval_s,
        warm_up_s=size.warm_up_s,
        measure_s=size.measure_s,
    ) as worker:
        return worker.ask()


def _lags(id_: str, what: str, told: dict[str, Any], note: str) -> Iterator[Row]:
    for part, key in (("median", "p50_s"), ("99th percentile", "p99_s"), ("longest", "max_s")):
        barred = key == "p99_s"
        yield Row(
            id=f"{id_}_{key[:-2]}",
            what=f"{what}: {part}",
            unit="ms",
            ours=told[key] * 1000,
            bar=f"< {_LAG_BAR_S * 1000:,.0f} ms" if barred else "",
            met=told[key] < _LAG_BAR_S and not told["missed"] if barred else None,
            note=note if key == "p50_s" else "",
        )


def metrics(size: Size) -> Iterator[Row]:
    """Measure what a scrape costs, and for how long it holds everything else up."""
    with Worker("exposition") as worker:
        ours = worker.ask(what="ours", series=size.series)
    with Worker("exposition") as worker:
        peer = worker.ask(what="peer", series=size.series)
    for key, when in (
        ("first", "at first"),
        ("changed", "1 % of the targets changed"),
        ("all_run", "every target probed since"),
    ):
        wall_s = ours[key]["wall_s"]
        yield Row(
            id=f"render_{key}",
            what=f"/metrics, {ours[key]['series']:,} series, {when}",
            unit="ms",
            ours=wall_s * 1000,
            peer=peer["wall_s"] * 1000,
            ratio=Ratio.of([wall_s], [peer["wall_s"]]),
            note=f"prometheus-client, {peer['series']:,} series, in one block" if key == "first" else "",
        )
    with Worker("exposition") as worker:
        many = worker.ask(what="ours", series=size.many_series)
    longest = max((many[key]["block_s"], key) for key in ("first", "changed", "all_run"))
    yield Row(
        id="block",
        what=f"/metrics, {many['first']['series']:,} series: longest block of the loop",
        unit="ms",
        ours=longest[0] * 1000,
        bar=f"< {_BLOCK_BAR_S * 1000:.0f} ms",
        met=longest[0] < _BLOCK_BAR_S,
        note=", ".join(f"{key} {many[key]['wall_s']:.2f} s" for key in ("first", "changed", "all_run")),
    )


def memory(size: Size) -> Iterator[Row]:
    """Measure what the state of a fleet takes: what each further target adds, from a few to many."""
    few = size.remembered // 5
    part, all_of_them = _resident(few), _resident(size.remembered)
    each = (all_of_them - part) / (size.remembered - few)
    bare = part - few * each
    whole = bare + _FLEET * each
    yield Row(
        id="memory",
        what=f"memory of {_FLEET:,} targets, every layer seen",
        unit="MiB",
        ours=whole / _MIB,
        bar=f"< {_MEMORY_BAR / _MIB:,.0f} MiB",
        met=whole < _MEMORY_BAR,
        note=f"from {size.remembered:,}: {each / 1024:.1f} KiB each, {bare / _MIB:.0f} MiB without any",
    )


def _resident(targets: int) -> int:
    with tempfile.TemporaryDirectory() as folder, Worker("memory", folder=folder, targets=targets) as worker:
        return int(worker.ask()["bytes"])
