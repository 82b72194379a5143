"""Logs: every line is what it was asked to be, and no traceback shows the value of a variable."""

import json
import subprocess
import sys

import pytest

FAULTY = """
import logging, sys
import structlog
from monitor import log

def post(headers):
    raise ValueError("boom")

log.set_up(form=sys.argv[1])
try:
    post("Bearer " + "s3cret".upper())
except ValueError as error:
    structlog.get_logger("app").critical("part_failed", exc_info=error)
    logging.getLogger("aiohttp.server").error("of %s", "theirs", exc_info=error)
"""


def logged(form: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FAULTY, form], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_holds_no_values(form: str) -> None:
    said = logged(form)
    assert said.count("boom") == 2
    assert "S3CRET" not in said


def test_libraries_write_json_too() -> None:
    ours, theirs = (json.loads(line) for line in logged("json").splitlines())
    assert (ours["event"], ours["level"]) == ("part_failed", "critical")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("of theirs", "aiohttp.server", "error")
    assert theirs["exception"][0]["exc_type"] == "ValueError"
