"""The peer: prometheus-blackbox-exporter, asked as Prometheus asks it."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.web import ADDRESS, end, find, free_port, wait_for
from tests.bench.worker import cpu_s

_MODULE = """
modules:
  http_2xx:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      ip_protocol_fallback: false
      tls_config:
        ca_file: {ca}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackbox:
    """A running blackbox_exporter."""

    pid: int
    port: int
    version: str

    @property
    def cpu_s(self) -> float:
        """Return the CPU that it has used so far."""
        return cpu_s(self.pid)


@contextmanager
def blackbox(folder: Path, ca: Path) -> Iterator[Blackbox | None]:
    """Run it while the block lasts; None where it is not installed. Raises BenchError."""
    program = find("prometheus-blackbox-exporter") or find("blackbox_exporter")
    if program is None:
        yield None
        return
    config, log = folder / "blackbox.yml", folder / "blackbox.log"
    config.write_text(_MODULE.format(ca=ca))
    port = free_port()
    with log.open("wb") as out:
        child = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--web.listen-address={ADDRESS}:{port}",
                "--log.level=error",
            ],
            stdout=out,
            stderr=out,
        )
    try:
        wait_for(port, child, log)
        yield Blackbox(pid=child.pid, port=port, version=_version(program))
    finally:
        end(child)


def _version(program: str) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", told.stdout + told.stderr)
    return found[1] if found else "?"
