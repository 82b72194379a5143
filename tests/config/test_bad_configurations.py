"""Golden folder: each wrong configuration gives its exact messages, and never anything but messages.

`NNN-name.txt` holds what `check-config` prints for `NNN-name.toml`, with the folder cut off. To add
a case, write the `.toml`, run the test, and copy what it prints after having read it aloud.
"""

from pathlib import Path

import pytest

from monitor.config import ConfigError, describe_problems, load

BAD = Path(__file__).parent / "bad"
CASES = sorted(BAD.glob("*.txt"))
ENVIRON = {"HOME": "/nonexistent", "EMPTY": " ", "KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


def messages(path: Path) -> str:
    """Return what an operator would see; the folder is cut off."""
    with pytest.raises(ConfigError) as caught:
        load(path, environ=ENVIRON, resolv_conf=BAD / "no-resolv.conf")
    problems = caught.value.problems
    assert problems
    assert str(caught.value) == describe_problems(problems) == describe_problems(reversed(problems))
    return f"{caught.value}\n".replace(f"{BAD}/", "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_exact_messages_one_line_each_and_no_secret(case: Path) -> None:
    text = messages(case.with_suffix(".toml"))
    assert text == case.read_text()
    assert not [secret for secret in ("hunter2", "MfKQ9r8GKYqr", "c2VjcmV0") if secret in text]
    for line in text.splitlines():
        assert line.startswith((case.stem, "files/"))
        assert line.isprintable()
        assert len(line) < 400


def test_there_are_more_than_a_hundred() -> None:
    assert len(CASES) > 100
    assert len({case.read_text() for case in CASES}) == len(CASES)
