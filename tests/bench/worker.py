"""Work in a process of its own, so that its CPU can be told from everybody else's.

The parent sends a JSON line, the child answers with one. CPU is read from the outside, from
/proc/PID/stat, with the same ruler for our processes and for other people's.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvloop

from monitor import log

ROOT: Final = Path(__file__).resolve().parents[2]
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_GRACE_S: Final = 10.0

Answer = dict[str, Any]


class BenchError(Exception):
    """A measurement that could not be made, or whose result would mean nothing."""


def cpu_s(pid: int) -> float:
    """Return the CPU seconds, user and system, that a process has used (proc(5): fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Worker:
    """A child that runs `tests.bench.<module>`."""

    def __init__(self, module: str, **settings: object) -> None:
        self._module = module
        self._settings = settings
        self._child = subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.{module}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        try:
            self.ask(**self._settings)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def cpu_s(self) -> float:
        """Return the CPU that the child has used so far."""
        return cpu_s(self._child.pid)

    def ask(self, **question: object) -> Answer:
        """Return the child's answer; raises BenchError when the child ended instead."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(question) + "\n")
        self._child.stdin.flush()
        return self._read()

    def _read(self) -> Answer:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            message = f"{self._module} ended with {self._child.wait(_GRACE_S)}; what it said stands above"
            raise BenchError(message)
        answer: Answer = json.loads(line)
        if "error" in answer:
            message = f"{self._module}: {answer['error']}"
            raise BenchError(message)
        return answer

    def _end(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.communicate(timeout=_GRACE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Port:
    """The child's end: questions come in, answers go out, everything else is printed to stderr."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(self, answer: Answer) -> None:
        """Send an answer."""
        self._out.write(json.dumps(answer) + "\n")
        self._out.flush()

    async def answering(self, answer: Callable[[Answer], Awaitable[Answer]]) -> None:
        """Answer until the parent has no more questions."""
        self.tell({})
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                said = await answer(json.loads(line))
            except BenchError as error:
                said = {"error": str(error)}
            self.tell(said)


def run(main: Callable[[Port, Answer], Awaitable[None]]) -> None:
    """Run a child's `main` as the daemon runs: on uvloop, with the daemon's log."""
    port = Port()
    log.set_up(level="warning")
    settings = json.loads(sys.stdin.readline())
    uvloop.run(_awaited(main(port, settings)))


async def _awaited(work: Awaitable[None]) -> None:
    await work
