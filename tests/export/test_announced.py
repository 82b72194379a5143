"""Announcements where people look: on dashboards, on the page of a target, in its history, on its sheet."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from judge.world import World
from rich.console import Console

from monitor.commands import Past, effects
from monitor.export.assets import load_assets
from monitor.export.metrics import FleetMetrics
from monitor.export.pages import Pages, Story
from monitor.export.timeline import announced, timeline
from monitor.model import Announcement, Incident, Status, Target, Verdict
from monitor.store import IncidentRow, Period
from monitor.terminal import chronicle
from monitor.terminal.announced import sheet

DEADLINE = datetime(2021, 1, 11, 7, 59, tzinfo=UTC)
SAID = Announcement(
    at=DEADLINE,
    text='Amazon ends hosting, "effective Sunday" <b>',
    expected_until=datetime(2021, 1, 18, tzinfo=UTC),
    source="https://engadget.example/<script>",
)
LATER = Announcement(at=datetime(2031, 1, 1, tzinfo=UTC), text="=HYPERLINK(1)")
TARGET = Target(
    name="parler.com",
    host="parler.com",
    domain="parler.com",
    url="https://parler.com/",
    announcements=(SAID, LATER),
)
OUTAGE = Incident(
    id="f1c9e0a2b7d34455",
    opened_at=DEADLINE + timedelta(minutes=1),
    told_at=DEADLINE + timedelta(minutes=1, seconds=20),
    verdict=Verdict(status=Status.DOWN, reachable=False, diagnosis="network.refused"),
    resolved_at=datetime(2021, 2, 15, 12, tzinfo=UTC),
)
ROWS = [IncidentRow(target="parler.com", incident=OUTAGE)]
UP = Period(target="parler.com", lane="status", value="up", since=DEADLINE - timedelta(days=3), until=None)
SINCE = DEADLINE - timedelta(days=30)


def past(*said: Announcement, since: datetime = SINCE) -> Past:
    return Past(
        target="parler.com",
        since=since,
        periods=[UP],
        incidents=ROWS,
        events=[],
        announced=effects(said, ROWS, [], since),
    )


def printed(renderable: object) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_history_prints_the_three_moments_side_by_side() -> None:
    text = printed(chronicle.sheet(past(SAID, LATER)))
    for column in ("announced for", "happened", "noticed", "expected until", "over"):
        assert column in text
    for moment in ("2021-01-11 07:59", "2021-01-11 08:00", "2021-01-18", "2021-02-15 12:00"):
        assert moment in text
    assert "+1 min" in text or "+60 s" in text or "+1m" in text
    assert "→ incident f1c9e0a2b7d34455: network.refused" in text
    assert "not seen" in text


def test_history_says_so_to_machines() -> None:
    first, second = chronicle.document(past(SAID, LATER))["announcements"]
    assert first == {
        "at": "2021-01-11T07:59:00Z",
        "text": SAID.text,
        "expected_until": "2021-01-18T00:00:00Z",
        "source": SAID.source,
        "happened": "2021-01-11T08:00:00Z",
        "noticed": "2021-01-11T08:00:20Z",
        "over": "2021-02-15T12:00:00Z",
        "what": "incident f1c9e0a2b7d34455: network.refused",
    }
    assert (second["happened"], second["noticed"], second["over"], second["what"]) == (None,) * 4
    rows = list(csv.reader(io.StringIO(chronicle.table(past(SAID, LATER)))))
    assert rows[1] == ["announcement", SAID.source, "2021-01-11T07:59:00Z", "2021-01-18T00:00:00Z", SAID.text]
    assert rows[2][4] == "'=HYPERLINK(1)"


def test_announcements_that_are_long_over_are_left_to_an_earlier_since() -> None:
    assert past(SAID, since=datetime(2021, 1, 17, tzinfo=UTC)).announced
    assert not past(SAID, since=datetime(2021, 1, 19, tzinfo=UTC)).announced
    assert "announced for" not in printed(chronicle.sheet(past()))


def test_the_page_of_the_target_compares_them_and_escapes_them() -> None:
    world = World().http("...")
    story = Story(events=(), incidents=ROWS, periods=[UP])
    now = datetime(2021, 3, 1, tzinfo=UTC)
    html = Pages(load_assets(), version="1").target(TARGET, world.state, story, now)
    assert "What was announced" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html.split('id="announced"')[1].split("</section>")[0]
    assert "engadget.example/&lt;script&gt;" in html
    assert "network.refused" in html
    lanes = html.split('class="timeline"')[1].split("</section>")[0]
    assert "announced: Amazon ends hosting" in lanes
    assert "HYPERLINK" not in lanes, "it has not begun"
    none = Pages(load_assets(), version="1").target(
        replace(TARGET, announcements=()), world.state, story, now
    )
    assert "What was announced" not in none


def test_the_page_shows_them_though_the_store_cannot_be_read() -> None:
    story = Story(events=None, incidents=None, periods=None)
    html = Pages(load_assets(), version="1").target(TARGET, World().http(".").state, story, DEADLINE)
    assert "What was announced" in html


def test_the_timeline_has_a_lane_of_what_was_announced_until_now() -> None:
    now = DEADLINE + timedelta(days=1)
    lanes = timeline([UP, *announced(TARGET.announcements, "parler.com")], now).lanes
    assert [lane.name for lane in lanes] == ["announced", "status"]
    (stretch,) = lanes[0].stretches
    assert stretch.shade == "announced"
    assert round(stretch.left + stretch.width, 1) == 100.0, "what is expected to go on is shown until now"


def test_explain_names_them() -> None:
    text = printed(sheet(TARGET.announcements))
    assert "Amazon ends hosting" in text
    assert "2031-01-01" in text


async def test_dashboards_get_the_moments() -> None:
    metrics = FleetMetrics([TARGET, replace(TARGET, name="gab.com", announcements=())])
    text = b"".join([piece async for piece in metrics.render()]).decode()
    lines = {line for line in text.splitlines() if line.startswith("platform_announcement")}
    said = r"Amazon ends hosting, \"effective Sunday\" <b>"
    name = "platform_announcement"
    assert lines == {
        f'{name}_timestamp_seconds{{target="parler.com",text="{said}"}} {DEADLINE.timestamp():.0f}',
        f'{name}_timestamp_seconds{{target="parler.com",text="=HYPERLINK(1)"}} {LATER.at.timestamp():.0f}',
        f'{name}_expected_until_timestamp_seconds{{target="parler.com",text="{said}"}} 1610928000',
    }
