"""`platform-monitor data`: what is printed, and the exit codes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from servers.edition_lab import FASTLY, EditionLab, open_edition_lab

# A process each, or a worker each: together they would take a good part of the quick tests' two minutes.
pytestmark = pytest.mark.full


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[EditionLab]:
    async with open_edition_lab(tmp_path) as opened:
        opened.serve("fastly", FASTLY)
        (tmp_path / "config.toml").write_text(
            f'[monitor]\ndata_dir = "{tmp_path}"\n'
            f'[data]\nsources = ["fastly"]\nurls = {{ fastly = ["{opened.base}/fastly"] }}\n'
        )
        yield opened


async def data(lab: EditionLab, *words: str) -> tuple[int, str, str]:
    folder = lab.shelf.folder.parent
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", "data", *words, "--config", str(folder / "config.toml"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "SSL_CERT_FILE": str(folder / "ca.pem")},
    )  # fmt: skip
    out, err = await child.communicate()
    return child.returncode or 0, out.decode(), err.decode()


async def test_an_update_and_what_is_in_use_then(lab: EditionLab) -> None:
    code, out, err = await data(lab, "update", "--force")
    assert (code, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()] == [["fastly", "new"], ["published-ranges", "new"]]
    code, out, err = await data(lab, "status", "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    table, ranges = document["tables"]
    assert (table["from"], table["edition"], table["checksum"]) == ("bundled", "2026-06-17", "bundled")
    assert (ranges["from"], ranges["checksum"], ranges["age"]) == ("fetched", "ok", "0 d")
    (source,) = document["sources"]
    assert (source["name"], source["rows"], source["checksum"]) == ("fastly", 3, "ok")
    code, out, _ = await data(lab, "status")
    assert code == 0
    assert "published-ranges" in out


async def test_a_failed_update_exits_with_1_and_says_why(lab: EditionLab) -> None:
    lab.serve("fastly", "<html>")
    code, out, _ = await data(lab, "update", "--json")
    assert code == 1
    (result,) = json.loads(out)["sources"]
    assert (result["outcome"], result["detail"][:14]) == ("failed", "cannot be read")


async def test_a_damaged_table_is_told_and_the_bundled_one_used(lab: EditionLab) -> None:
    await data(lab, "update", "--force")
    (path,) = lab.shelf.folder.glob("published-ranges-*.bin")
    path.write_bytes(b"damaged")
    code, out, _ = await data(lab, "status", "--json")
    assert code == 1
    ranges = json.loads(out)["tables"][1]
    assert (ranges["from"], ranges["edition"], ranges["checksum"]) == ("bundled", "2026-10-26", "damaged")
    assert "is damaged" in ranges["problem"]


async def test_there_is_nothing_to_roll_back_to_at_first(lab: EditionLab) -> None:
    code, _, err = await data(lab, "rollback")
    assert (code, err) == (1, "there are no editions before these\n")
    await data(lab, "update", "--force")
    lab.serve("fastly", FASTLY.replace("23.235.32.0/20", "203.0.112.0/24"))
    await data(lab, "update", "--force")
    code, out, _ = await data(lab, "rollback")
    assert code == 0
    assert out.startswith("in use again: published-ranges")


async def test_an_unknown_source_is_a_mistake_of_usage(lab: EditionLab) -> None:
    code, _, err = await data(lab, "update", "nobody")
    assert code == 2
    assert err.startswith("there is no source nobody; there are aws, azure,")
