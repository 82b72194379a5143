"""What is shown of the further pages of a target: metrics, page, sheet and JSON."""

from judge.test_listing import Shop
from judge.world import World
from rich.console import Console

from monitor.export.assets import load_assets
from monitor.export.metrics import FleetMetrics
from monitor.export.pages import Pages, Story
from monitor.model import Target
from monitor.terminal.document import document
from monitor.terminal.sheet import sheet

TARGET = Target(name="parler.com", host="parler.com", domain="parler.com", url="https://parler.com/")
NOTHING = Story(events=(), incidents=(), periods=())


def degraded() -> World:
    return World().http("...").page("account", ".rrr").page("app", "..")


async def lines(world: World) -> set[str]:
    metrics = FleetMetrics([TARGET])
    metrics.update(world.state)
    text = b"".join([piece async for piece in metrics.render()]).decode()
    return {line for line in text.splitlines() if 'probe="' in line or line.startswith("platform_up{")}


async def test_the_checks_of_pages_are_told_together_by_the_one_that_is_worst_off() -> None:
    world = degraded()
    got = await lines(world)
    first = min(run.at for run in world.state.pulse.parts)
    assert 'platform_probe_success{target="parler.com",probe="http"} 1' in got
    assert 'platform_probe_success{target="parler.com",probe="page"} 0' in got
    labels = '{target="parler.com",probe="page"}'
    at = f"platform_probe_last_run_timestamp_seconds{labels} {first.timestamp():.0f}"
    assert any(line.startswith(at) for line in got)
    assert 'platform_up{target="parler.com"} 0' in got
    assert 'platform_probe_success{target="parler.com",probe="page"} 1' in await lines(
        world.page("account", ".")
    )


async def test_no_series_of_pages_without_pages_or_when_all_runs_were_missed() -> None:
    assert not [line for line in await lines(World().http("...")) if 'probe="page"' in line]
    assert not [line for line in await lines(World().page("account", "m")) if 'probe="page"' in line]


def test_the_page_of_the_target_names_the_pages_and_escapes_what_they_say() -> None:
    world = degraded().page("<script>", ".")
    html = Pages(load_assets(), version="1").target(TARGET, world.state, NOTHING, world.now)
    assert "Beside the front page" in html
    assert "The page account: The connection is refused or reset" in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "tcp_refused" in html


def test_a_target_without_further_pages_has_no_such_section() -> None:
    world = World().http("...")
    html = Pages(load_assets(), version="1").target(TARGET, world.state, NOTHING, world.now)
    assert "Beside the front page" not in html


def test_sheet_and_json_say_how_each_page_is() -> None:
    world = degraded()
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(sheet(world.state))
    text = capture.get()
    assert "page account" in text
    assert "tcp_refused" in text
    assert "200 “Parler”" in text
    account, app = document(world.state)["parts"]
    assert (account["part"], account["status"], account["diagnosis"]) == (
        "account",
        "down",
        "network.refused",
    )
    assert (app["part"], app["status"], app["http_status"]) == ("app", "up", 200)


async def test_a_listing_has_a_series_while_it_is_known() -> None:
    """Three looks over an hour until it is told to be gone; and no series once no look is answered."""
    shop = Shop().ask("+").ask("+", part="google/com.parler.parler")
    apple = 'platform_listing_available{target="parler.com",store="apple",country="us",app="1402727988"}'
    google = (
        'platform_listing_available{target="parler.com",store="google",country="",app="com.parler.parler"}'
    )
    assert await listings(shop) == {f"{apple} 1", f"{google} 1"}
    assert await listings(shop.ask("--")) == {f"{apple} 1", f"{google} 1"}
    assert await listings(shop.ask("-")) == {f"{apple} 0", f"{google} 1"}
    assert await listings(shop.ask("lll", part="google/com.parler.parler")) == {f"{apple} 0"}
    assert await listings(shop.ask("+++")) == {f"{apple} 1"}


async def listings(world: World) -> set[str]:
    metrics = FleetMetrics([TARGET])
    metrics.update(world.state)
    text = b"".join([piece async for piece in metrics.render()]).decode()
    return {line for line in text.splitlines() if line.startswith("platform_listing_available{")}


def test_sheet_page_and_json_name_the_listing() -> None:
    shop = Shop().ask("+---")
    shop.http("...")
    html = Pages(load_assets(), version="1").target(TARGET, shop.state, NOTHING, shop.now)
    assert "“Parler” by Parler LLC" in html
    assert "The store has no such listing." in html
    listing = document(shop.state)["parts"][0]
    assert listing["listing"] == {
        "store": "apple",
        "app": "1402727988",
        "country": "us",
        "available": False,
        "name": "Parler",
        "developer": "Parler LLC",
        "version": None,
    }
    console = Console(width=160)
    with console.capture() as capture:
        console.print(sheet(shop.state))
    assert "“Parler” by Parler LLC" in capture.get()
    assert "gone" in capture.get()
