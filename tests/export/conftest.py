"""A web application on loopback, over a real store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from aiohttp.test_utils import TestClient, TestServer
from export.fleet import NOW, target

from monitor.export.metrics import FleetMetrics
from monitor.export.own_metrics import OwnMetrics
from monitor.export.web import View, make_web
from monitor.model import FleetRecord, Target, TargetState
from monitor.store import Change, Store


class StoppedClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def real(self, moment: datetime) -> datetime:
        return moment

    def moment(self, real: datetime) -> datetime:
        return real


@dataclass
class Site:
    """What the application shows, and how a test changes and asks it."""

    store: Store
    targets: dict[str, Target] = field(default_factory=dict)
    states: dict[str, TargetState] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    known: FleetRecord = field(default_factory=FleetRecord)
    view: View = field(init=False)
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.view = View(
            version="1.2.3",
            clock=StoppedClock(),
            targets=self.targets,
            states=self.states,
            fleet=FleetMetrics([]),
            own=OwnMetrics(version="1.2.3"),
            history=self.store,
            healthy=lambda: self.troubles,
            ready=lambda: self.troubles,
            known=lambda: self.known,
            base_url="https://watch.example/",
        )

    async def open(self, **more: object) -> None:
        self.view = replace(self.view, **more)
        self.client = TestClient(TestServer(make_web(self.view)))
        await self.client.start_server()

    def watch(self, state: TargetState, **more: object) -> None:
        self.targets[state.target] = target(state.target, **more)
        self.states[state.target] = state
        self.view.fleet.add(self.targets[state.target])
        self.view.fleet.update(state)

    async def keep(self, change: Change) -> None:
        await self.store.commit([change], receivers=lambda _: [])

    async def text(self, path: str, *, status: int = 200, **headers: str) -> str:
        async with self.client.get(path, headers=headers) as answer:
            assert answer.status == status
            return await answer.text()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    store = await Store.open("sqlite://")
    made = Site(store)
    await made.open()
    yield made
    await made.client.close()
    await store.close()
