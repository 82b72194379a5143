"""One round of fetching, against a real publisher: what is good comes in, and nothing else does."""

import asyncio
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from servers.edition_lab import FASTLY, EditionLab, open_edition_lab, tsv

from monitor.attribute import Atlas
from monitor.editions.shelf import Shelf, ShelfError
from monitor.editions.tables import load_atlas
from monitor.editions.update import Outcome, Report

# A process each, or a worker each: together they would take a good part of the quick tests' two minutes.
pytestmark = pytest.mark.full

CLOUDFLARE = "173.245.48.0/20\n104.16.0.0/13\n2400:cb00::/32\n"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[EditionLab]:
    async with open_edition_lab(tmp_path) as opened:
        yield opened


def told(report: Report) -> dict[str, str]:
    return {result.name: result.outcome.value for result in (*report.sources, *report.tables)}


def detail(report: Report) -> str:
    (failed,) = [result for result in report.sources if result.outcome is Outcome.FAILED]
    return failed.detail


async def test_a_list_comes_in_beside_what_is_bundled_of_the_others(lab: EditionLab) -> None:
    lab.serve("fastly", FASTLY.replace("23.235.32.0/20", "203.0.113.0/24"))
    report = await lab.updater("fastly").run(force=True)
    assert told(report) == {"fastly": "new", "published-ranges": "new"}
    assert not report.failed
    table = lab.published()
    assert table.edition == "2026-11-24"
    fetched, bundled = table.lookup("203.0.113.5"), table.lookup("52.84.1.1")
    assert fetched is not None
    assert (fetched.provider, fetched.prefix, fetched.edge) == ("fastly", "203.0.113.0/24", True)
    assert bundled is not None
    assert (bundled.provider, bundled.service) == ("amazon", "CloudFront")
    assert table.lookup("23.235.32.1") is None  # no longer on the list
    atlas = load_atlas(lab.shelf.folder)
    assert atlas.edition == "AS table 2026-06-17, published ranges 2026-11-24"
    assert atlas.lookup("203.0.113.5") == fetched


async def test_an_as_table_comes_in(lab: EditionLab) -> None:
    lab.serve("iptoasn", tsv())
    report = await lab.updater("iptoasn").run(force=True)
    assert told(report) == {"iptoasn": "new", "as-table": "new"}
    found = lab.as_table().lookup("1.0.0.7")
    assert found is not None
    assert (found.asn, found.name, found.source) == (64504, "NET 4", "AS table 2026-11-24")
    assert lab.as_table().lookup("1.0.1.0") is None
    six = lab.as_table().lookup("2a00:1::5")
    assert six is not None
    assert six.asn == 64600


async def test_what_has_not_changed_is_not_fetched_again(lab: EditionLab) -> None:
    lab.serve("cloudflare", CLOUDFLARE, etag='"one"')
    await lab.updater("cloudflare").run(force=True)
    before = lab.shelf.manifest()
    report = await lab.updater("cloudflare").run()
    assert told(report) == {"cloudflare": "unchanged"}
    assert not report.renewed
    assert lab.asked == [("/cloudflare", ""), ("/cloudflare", '"one"')]
    assert lab.shelf.manifest().tables == before.tables


async def test_without_a_mark_the_content_decides(lab: EditionLab) -> None:
    lab.serve("cloudflare", CLOUDFLARE)
    await lab.updater("cloudflare").run(force=True)
    lab.serve("cloudflare", "\n".join(reversed(CLOUDFLARE.split())))
    assert told(await lab.updater("cloudflare").run()) == {"cloudflare": "unchanged"}
    lab.serve("cloudflare", CLOUDFLARE + "198.51.100.0/24\n")
    assert told(await lab.updater("cloudflare").run())["published-ranges"] == "new"


async def test_the_edition_before_is_kept_and_can_be_taken_back(lab: EditionLab) -> None:
    for day, name in ((24, "OLD"), (25, "NEW"), (26, "NEWEST")):
        lab.clock.at = lab.clock.at.replace(day=day)
        lab.serve("iptoasn", tsv(name=name))
        await lab.updater("iptoasn").run(force=True)
    assert len(list(lab.shelf.folder.glob("as-table-*.bin"))) == 2
    assert lab.as_table().lookup("1.0.0.7").name == "NEWEST 4"  # type: ignore[union-attr]
    assert lab.shelf.roll_back() == ["as-table"]
    assert lab.as_table().lookup("1.0.0.7").name == "NEW 4"  # type: ignore[union-attr]
    assert lab.as_table().edition == "2026-11-25"
    assert lab.shelf.roll_back() == ["as-table"]
    assert lab.as_table().lookup("1.0.0.7").name == "NEWEST 4"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><html>Please sign in</html>", "cannot be read"),
        (b"", "cannot be read"),
        (b'{"addresses": [], "ipv6_addresses": []}', "is empty"),
        (b'{"addresses": ["1.2.3.0/24", "nonsense"], "ipv6_addresses": []}', "'nonsense' is no prefix"),
        (b"x" * (9 << 20), "is cut, or has more than 8388608 bytes"),
        (gzip.compress(b" " * (9 << 20), mtime=0), "unpacks to more than 8388608 bytes"),
        (gzip.compress(FASTLY.encode(), mtime=0)[:-9], "is cut"),
        (b"\x1f\x8bnonsense", "cannot be unpacked"),
    ],
)
async def test_what_is_no_list_leaves_everything_as_it_was(lab: EditionLab, body: bytes, words: str) -> None:
    lab.serve("fastly", FASTLY)
    await lab.updater("fastly").run(force=True)
    before = lab.shelf.manifest()
    lab.serve("fastly", body)
    report = await lab.updater("fastly").run(force=True)
    assert told(report) == {"fastly": "failed"}
    assert words in detail(report)
    after = lab.shelf.manifest()
    assert (after.tables, after.copies) == (before.tables, before.copies)
    assert lab.published().lookup("151.101.1.1") is not None


@pytest.mark.parametrize(
    "raw",
    [tsv()[:-5], gzip.compress(b"<html></html>", mtime=0), gzip.compress(bytes(300 << 20), 1, mtime=0)],
    ids=["cut", "a page", "a bomb"],
)  # fmt: skip
async def test_what_is_no_as_table_leaves_everything_as_it_was(lab: EditionLab, raw: bytes) -> None:
    lab.serve("iptoasn", raw)
    report = await lab.updater("iptoasn").run(force=True)
    assert told(report) == {"iptoasn": "failed"}
    assert lab.shelf.manifest().tables == {}
    assert load_atlas(lab.shelf.folder).table.edition == "2026-06-17"


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_another_answer_than_ok_is_no_list(lab: EditionLab, status: int) -> None:
    lab.serve("fastly", FASTLY, status=status)
    assert f"answered HTTP {status}" in detail(await lab.updater("fastly").run(force=True))


async def test_a_body_shorter_than_promised_is_no_list(lab: EditionLab) -> None:
    async def half(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n173.245.48.0/20\n104.")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    updater = lab.updater("cloudflare")
    updater.sources = {"cloudflare": replace(updater.sources["cloudflare"], urls=(url,))}
    report = await updater.run(force=True)
    server.close()
    assert told(report) == {"cloudflare": "failed"}
    assert lab.shelf.manifest().copies == {}


async def test_a_publisher_that_says_nothing_holds_up_nobody_for_long(lab: EditionLab) -> None:
    over = asyncio.Event()

    async def silence(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    updater = lab.updater("cloudflare", fetch_s=0.3)
    updater.sources = {"cloudflare": replace(updater.sources["cloudflare"], urls=(url,))}
    begun = time.monotonic()
    report = await updater.run(force=True)
    over.set()
    server.close()
    await asyncio.sleep(0.05)
    assert "did not answer within 0.3 s" in detail(report)
    assert time.monotonic() - begun < 5.0


async def test_a_list_that_shrank_by_more_than_half_is_refused_unless_it_is_forced(lab: EditionLab) -> None:
    many = "".join(f"203.0.{n}.0/24\n" for n in range(100))
    lab.serve("cloudflare", many)
    await lab.updater("cloudflare").run()
    lab.serve("cloudflare", "".join(f"203.0.{n}.0/24\n" for n in range(49)))
    report = await lab.updater("cloudflare").run()
    assert detail(report) == "has 49 rows, and had 100; --force takes it all the same"
    assert lab.published().lookup("203.0.99.1") is not None
    assert told(await lab.updater("cloudflare").run(force=True))["cloudflare"] == "new"
    assert lab.published().lookup("203.0.99.1") is None


async def test_a_first_table_is_compared_with_the_bundled_one(lab: EditionLab) -> None:
    lab.serve("iptoasn", tsv())
    assert "and had 644655" in detail(await lab.updater("iptoasn").run())
    lab.serve("cloudflare", "104.16.0.0/13\n")
    assert "has 1 rows, and had 3" in detail(await lab.updater("cloudflare").run())


async def test_a_pinned_checksum_is_kept(lab: EditionLab) -> None:
    lab.serve("fastly", FASTLY)
    wrong = lab.updater("fastly", pinned={"fastly": "0" * 64})
    assert "has the checksum" in detail(await wrong.run(force=True))
    right = lab.updater("fastly", pinned={"fastly": hashlib.sha256(FASTLY.encode()).hexdigest()})
    assert told(await right.run(force=True))["fastly"] == "new"


async def test_one_source_that_fails_does_not_stop_the_others(lab: EditionLab) -> None:
    lab.serve("fastly", "no list")
    lab.serve("cloudflare", CLOUDFLARE)
    report = await lab.updater("cloudflare", "fastly", "oracle").run(force=True)
    assert told(report) == {
        "cloudflare": "new", "fastly": "failed", "oracle": "failed", "published-ranges": "new",
    }  # fmt: skip
    assert report.failed
    assert lab.shelf.manifest().updated == lab.clock.at


async def test_a_file_that_was_changed_is_not_used(lab: EditionLab) -> None:
    lab.serve("iptoasn", tsv())
    await lab.updater("iptoasn").run(force=True)
    path = lab.shelf.path(lab.shelf.manifest().tables["as-table"])
    raw = bytearray(path.read_bytes())
    raw[-20] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ShelfError, match="is damaged"):
        lab.shelf.path(lab.shelf.manifest().tables["as-table"])
    assert load_atlas(lab.shelf.folder).table.edition == "2026-06-17"
    # And the next update fetches it again, whatever the publisher says of changes.
    assert told(await lab.updater("iptoasn").run(force=True))["as-table"] == "new"
    assert load_atlas(lab.shelf.folder).table.edition == "2026-11-24"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"v": 2}', b'{"v": 1}', b"\xff", b"null"])
async def test_a_manifest_that_cannot_be_read_is_begun_anew(lab: EditionLab, raw: bytes) -> None:
    lab.shelf.folder.mkdir()
    (lab.shelf.folder / "manifest.json").write_bytes(raw)
    with pytest.raises(ShelfError):
        lab.shelf.manifest()
    assert isinstance(load_atlas(lab.shelf.folder), Atlas)
    lab.serve("cloudflare", CLOUDFLARE)
    await lab.updater("cloudflare").run(force=True)
    assert lab.published().lookup("104.16.0.1") is not None


def test_a_manifest_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    row = {"file": "../secret", "sha256": "0", "edition": "x", "rows": 1, "made_at": ""}
    text = json.dumps({"v": 1, "tables": {"as-table": row}, "previous": {}, "copies": {}, "updated_at": ""})
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ShelfError, match="outside"):
        Shelf(tmp_path).manifest()


async def test_two_updates_at_once_are_one_too_many(lab: EditionLab) -> None:
    lab.serve("cloudflare", CLOUDFLARE)
    with lab.shelf.locked(), pytest.raises(ShelfError, match="another update is running"):
        await lab.updater("cloudflare").run()
    assert not (await lab.updater("cloudflare").run(force=True)).failed


async def test_a_folder_that_cannot_be_written_is_told(lab: EditionLab) -> None:
    lab.shelf.folder.write_text("a file is in the way")
    with pytest.raises(OSError, match=r"(?i)exists|directory"):
        await lab.updater("cloudflare").run()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk: needs root")
async def test_a_full_disk_leaves_the_old_edition_usable(lab: EditionLab) -> None:
    lab.shelf.folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(lab.shelf.folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: ASYNC221
        pytest.skip("cannot mount here")
    try:
        lab.serve("cloudflare", CLOUDFLARE)
        await lab.updater("cloudflare").run(force=True)
        lab.serve("iptoasn", gzip.compress(os.urandom(600_000)))
        report = await lab.updater("iptoasn").run(force=True)
        assert "No space left" in detail(report)
        assert lab.published().lookup("104.16.0.1") is not None
    finally:
        subprocess.run(["umount", str(lab.shelf.folder)], check=True)  # noqa: S607, ASYNC221


KILLED = """
import asyncio, os, signal, sys
from monitor.editions.shelf import Shelf
at = sys.argv[2]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(*{
    "before the manifest": (Shelf, "write", die),
    "before the file": (Shelf, "take_in", die),
    "before the rename": (__import__("monitor.editions.shelf", fromlist=["_"]), "_dump", die),
    "after the rename": (__import__("monitor.editions.shelf", fromlist=["_"]), "_sync_folder", die),
}[at])
from pathlib import Path
from monitor.config.quick import settings_of
from monitor.data import fetch
settings = settings_of({
    "monitor": {"data_dir": sys.argv[1]}, "targets": [{"domain": "example.com"}],
    "data": {"sources": ["cloudflare"], "urls": {"cloudflare": [sys.argv[3]]}},
}, name="test")
asyncio.run(fetch(settings, force=True))
"""


@pytest.mark.parametrize(
    "at", ["before the file", "before the manifest", "before the rename", "after the rename"]
)
async def test_a_kill_in_the_middle_leaves_an_edition_that_can_be_used(lab: EditionLab, at: str) -> None:
    lab.serve("cloudflare", CLOUDFLARE)
    await lab.updater("cloudflare").run(force=True)
    lab.serve("cloudflare", CLOUDFLARE + "198.51.100.0/24\n")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(lab.shelf.folder.parent), at, f"{lab.base}/cloudflare",
        env={**os.environ, "SSL_CERT_FILE": str(lab.shelf.folder.parent / "ca.pem")},
    )  # fmt: skip
    assert await child.wait() == -signal.SIGKILL
    known = lab.published().lookup("198.51.100.1")
    assert (known is not None) == (at == "after the rename")
    assert lab.published().lookup("104.16.0.1") is not None
    again = await lab.updater("cloudflare").run(force=True)
    assert not again.failed
    assert lab.published().lookup("198.51.100.1") is not None
    names = {path.name for path in lab.shelf.folder.glob("*-*")}
    assert names == lab.shelf.manifest().files
    assert list((lab.shelf.folder / "incoming").iterdir()) == []
