"""The nginx that both sides probe: one worker, loopback, HTTP and HTTPS, a page of its own per target."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

from tests.bench.worker import BenchError

ADDRESS: Final = "127.0.0.1"
# Where Debian puts daemons, for users whose PATH has no sbin.
_PATH: Final = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
_UP_WITHIN_S: Final = 10.0

_CONFIG: Final = """
{user}
worker_processes 1;
worker_rlimit_nofile 4096;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    server_tokens off;
    types {{ text/html html; }}
    charset utf-8;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    add_header X-Served-By bench always;
    add_header Strict-Transport-Security "max-age=31536000" always;
    server {{
        listen {address}:{http};
        listen {address}:{https} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        root {folder}/pages;
    }}
}}
"""

_HEAD: Final = """<!doctype html>
<html lang="en" class="no-js">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="What is new on platform {n}, every day of the week.">
<link rel="canonical" href="/p{n}.html">
<link rel="stylesheet" href="/assets/site.3f9c2b.css" media="all">
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<title>Platform {n} &middot; what is new</title>
<style>body {{ font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 40rem }}
.card {{ padding: 1rem }}</style>
<script>window.layer = window.layer || [];
function tag() {{ layer.push(arguments) }} tag("page", {n});</script>
</head>
<body>
<!-- rendered by front {n} -->
<header class="site-header" role="banner"><h1><a href="/" class="brand">Platform {n}</a></h1></header>
<main id="content">
"""
_CARD: Final = """<article class="card card--wide" id="post-{n}" data-kind="story" data-rank="{row}">
  <a class="card__link" href="/posts/{n}?ref=front">
  <img src="/media/{n}/thumb.webp" alt="" width="320" height="180"></a>
  <h2 class="card__title">Post {n}: the library opens at nine</h2>
  <p class="card__lead">There are newspapers on the first floor, maps &amp; a quiet room; children under ten
  are read to on Saturdays, and rooms can be booked for an hour at a time by anybody who asks.</p>
</article>
"""
_FOOT: Final = """</main>
<footer class="site-footer"><p>No cookies are kept here &mdash; <a href="/about">about</a></p></footer>
<script src="/assets/site.81ad7e.js" defer></script>
</body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where the pages are."""

    http: int
    https: int
    ca: Path
    """The authority that signed the certificate, in PEM."""

    def url(self, number: int, *, tls: bool = False, host: str = ADDRESS) -> str:
        """Return the address of a target's page."""
        scheme, port = ("https", self.https) if tls else ("http", self.http)
        return f"{scheme}://{host}:{port}/p{number}.html"


def find(program: str) -> str | None:
    """Return the path of a program, or None."""
    return shutil.which(program, path=_PATH)


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as sock:
        sock.bind((ADDRESS, 0))
        port: int = sock.getsockname()[1]
        return port


def wait_for(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    """Return once `port` is listened on; raises BenchError when the child ends before."""
    until = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until and child.poll() is None:
        with suppress(OSError), socket.create_connection((ADDRESS, port), timeout=1):
            return
        time.sleep(0.05)
    message = f"{child.args!r} does not answer: {log.read_text()[-2000:]}"
    raise BenchError(message)


def end(child: subprocess.Popen[bytes]) -> None:
    """End a server that was started here."""
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def page(number: int) -> str:
    """Return a page of about 6 kB, like no other."""
    cards = (_CARD.format(n=number * 31 + row, row=row) for row in range(10))
    return _HEAD.format(n=number) + "".join(cards) + _FOOT


@contextmanager
def serving(folder: Path, pages: int) -> Iterator[Web]:
    """Serve `pages` pages from files in `folder` while the block lasts; raises BenchError."""
    program = find("nginx")
    if program is None:
        message = "nginx is not installed: there is nothing to probe"
        raise BenchError(message)
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert(ADDRESS, "*.bench.example", key_type=trustme.KeyType.ECDSA)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "pages").mkdir()
    for number in range(pages):
        (folder / "pages" / f"p{number}.html").write_text(page(number))
    web = Web(http=free_port(), https=free_port(), ca=folder / "ca.pem")
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        _CONFIG.format(user=user, folder=folder, address=ADDRESS, http=web.http, https=web.https)
    )
    log = folder / "error.log"
    with (folder / "nginx.out").open("wb") as out:
        child = subprocess.Popen(
            [program, "-p", str(folder), "-e", str(log), "-c", str(config)], stdout=out, stderr=out
        )
    try:
        wait_for(web.http, child, log)
        yield web
    finally:
        end(child)
