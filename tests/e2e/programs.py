"""The real programs of the end-to-end test: each with its configuration, its log, and its end."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import trustme

from tests.e2e import world

MONITOR: Final = Path(sys.executable).parent / "platform-monitor"
MONITOR_URL: Final = "http://127.0.0.1:9850"
PROMETHEUS_URL: Final = "http://127.0.0.1:9090"
_STOP_S: Final = 15.0
_START_S: Final = 15.0


@dataclass(slots=True, eq=False)
class Program:
    """A program that runs until it is stopped; what it says goes to its log."""

    name: str
    log: Path
    process: Process

    @classmethod
    async def start(cls, name: str, argv: Sequence[str | Path], folder: Path, **env: str) -> Self:
        """Start a program in a folder of its own."""
        log = folder / f"{name}.log"
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *map(str, argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), **env},
            )
        return cls(name, log, process)

    async def listens(self, address: str, port: int) -> None:
        """Return when it can be connected to; raises RuntimeError when it ended, TimeoutError."""
        async with asyncio.timeout(_START_S):
            while True:
                if self.process.returncode is not None:
                    message = f"{self.name} ended with {self.process.returncode}: {self.tail()}"
                    raise RuntimeError(message)
                try:
                    _, writer = await asyncio.open_connection(address, port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return

    def reload(self) -> None:
        """Let it read its configuration and certificates again."""
        self.process.send_signal(signal.SIGHUP)

    async def stop(self) -> int:
        """End it by its own process id; returns its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()

    def tail(self, lines: int = 25) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def say_where_to_ask(folder: Path) -> Path:
    """Return a resolv.conf that leads to the resolver of this test."""
    path = folder / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\n")
    return path


async def unbound(program: Path, folder: Path) -> Program:
    """Start a resolver that recurses from the root of the small internet."""
    root, address = "a.root-servers.net.", world.ROOT_ADDRESS
    hints = folder / "root.hints"
    hints.write_text(f". 3600000 NS {root}\n{root} 3600000 A {address}\n")
    config = folder / "unbound.conf"
    config.write_text(f"""server:
  interface: 127.0.0.1
  do-ip6: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  log-servfail: yes
  module-config: "iterator"
  root-hints: "{hints}"
""")
    started = await Program.start("unbound", [program, "-d", "-c", config], folder)
    await started.listens("127.0.0.1", 53)
    return started


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What one nginx serves: where, under which name, and the files."""

    name: str
    address: str
    host: str
    root: Path

    def show(self, text: str) -> None:
        """Let the front page be this, at once."""
        self.root.mkdir(exist_ok=True)
        beside = self.root / "index.new"
        beside.write_text(text)
        beside.replace(self.root / "index.html")

    def pem(self, folder: Path) -> Path:
        """Return where its certificate and key are."""
        return folder / f"{self.name}.pem"

    def rules(self, folder: Path) -> Path:
        """Return where rules of its own may be written, to be read with the next `reload`."""
        return folder / f"{self.name}.rules"


async def nginx(program: Path, folder: Path, ca: trustme.CA, site: Site) -> Program:
    """Start a web server with a certificate for the site's host."""
    pem = site.pem(folder)
    ca.issue_cert(site.host).private_key_and_cert_chain_pem.write_to_path(str(pem))
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{site.name}-{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / f"{site.name}.conf"
    config.write_text(f"""daemon off;
user root;
worker_processes 1;
pid {folder}/{site.name}.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
{temporary}
  access_log off;
  default_type application/rdap+json;
  types {{ text/html html; }}
  server {{
    listen {site.address}:443 ssl;
    server_name {site.host};
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    root {site.root};
    include {site.rules(folder)}*;
  }}
}}
""")
    started = await Program.start(site.name, [program, "-e", "stderr", "-c", config], folder)
    await started.listens(site.address, 443)
    return started


async def prometheus(program: Path, folder: Path) -> Program:
    """Start a Prometheus that scrapes the monitor every second."""
    config = folder / "prometheus.yml"
    config.write_text(f"""global:
  scrape_interval: 1s
scrape_configs:
  - job_name: platform-monitor
    static_configs:
      - targets: ["{MONITOR_URL.removeprefix("http://")}"]
""")
    listen = PROMETHEUS_URL.removeprefix("http://")
    options = [f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address={listen}"]
    started = await Program.start(
        "prometheus", [program, f"--config.file={config}", "--log.level=warn", *options], folder
    )
    await started.listens("127.0.0.1", 9090)
    return started


def put_up_network(folder: Path, addresses: Iterable[str]) -> None:
    """Give these addresses to this machine, and its resolver to all programs."""
    resolv_conf = Path("/etc/resolv.conf").resolve()
    batch = "".join(f"address add {address}/32 dev lo\n" for address in dict.fromkeys(addresses))
    for argv, text in (
        (["ip", "link", "set", "lo", "up"], ""),
        (["ip", "-batch", "-"], batch),
        (["mount", "--bind", str(say_where_to_ask(folder)), str(resolv_conf)], ""),
    ):
        subprocess.run(argv, input=text.encode(), check=True)


def configure(folder: Path, secret: str) -> Path:
    """Write the monitor's configuration: ordinary but for its haste."""
    (folder / "webhook.secret").write_text(f"{secret}\n")
    config = folder / "config.toml"
    targets = "".join(f'\n[[targets]]\ndomain = "{domain}"\n' for domain in world.TARGETS)
    config.write_text(f"""[monitor]
data_dir = "{folder}/data"
log_format = "json"

[controls]
enabled = false

[http]
interval = "2s"
timeout = "2s"

[dns]
interval = "2s"
timeout = "2s"

[registration]
interval = "3s"
timeout = "3s"

[policy]
recheck = "500ms"
change_recheck = "500ms"

[[receivers]]
name = "ops"
url = "https://{world.HOOKS}/ops"
secret_file = "webhook.secret"
{targets}""")
    return config


async def monitor(folder: Path, config: Path, trust: Mapping[str, str]) -> Program:
    """Start the installed monitor, as anybody would."""
    return await Program.start("monitor", [MONITOR, "run", "--config", config], folder, **trust)


async def ask_monitor(folder: Path, config: Path, command: str, target: str) -> tuple[int, str]:
    """Return the exit code and the JSON of `explain` or `history`, asked while the daemon runs."""
    asking = await asyncio.create_subprocess_exec(
        *map(str, (MONITOR, command, target, "--config", config, "--json")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
    )
    said, _ = await asking.communicate()
    return asking.returncode or 0, said.decode()
