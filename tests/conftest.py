"""Real servers for tests that need them, and one line at the end for those that were not there."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

_LACKING: pytest.StashKey[Counter[str]] = pytest.StashKey()

# Where Debian puts daemons, for users whose PATH has no sbin.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LACKING] = Counter()


# The processes of a parallel run (pytest-xdist) have stashes of their own: what each lacked is added up.
@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: "WorkerController") -> None:
    node.config.stash[_LACKING].update(getattr(node, "workeroutput", {}).get("lacking", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["lacking"] = dict(session.config.stash[_LACKING])


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Return the path of a real server's program; without it the test is skipped, and under CI=true fails."""

    def find(program: str) -> Path:
        found = shutil.which(program, path=_PATH)
        if found:
            return Path(found)
        request.config.stash[_LACKING][program] += 1
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is not installed, and CI=true allows no gaps")
        pytest.skip(f"{program} is not installed")

    return find


@pytest.fixture
def root(request: pytest.FixtureRequest) -> None:
    """Skip the test without root (network namespaces); under CI=true fail."""
    if os.geteuid() == 0:
        return
    request.config.stash[_LACKING]["root"] += 1
    if os.environ.get("CI") == "true":
        pytest.fail("needs root, and CI=true allows no gaps")
    pytest.skip("needs root")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lacking = config.stash[_LACKING]
    if lacking:
        what = ", ".join(f"{name} ({count})" for name, count in sorted(lacking.items()))
        terminalreporter.write_line(f"NOT TESTED for want of: {what}")
