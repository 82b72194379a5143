"""Secrets stay where they are."""

import copy
import pickle
from dataclasses import asdict, dataclass

import pytest

from monitor.config import Secret


@dataclass(frozen=True)
class Holder:
    """A value with a secret inside."""

    secret: Secret


def test_it_is_never_shown() -> None:
    secret = Secret("hunter2", shown="https://example.org/…")
    ways = (str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, repr([secret]))  # noqa: UP031 - a way
    assert not [way for way in ways if "hunter2" in way]
    assert "hunter2" not in repr(Holder(secret))
    assert "hunter2" not in repr(asdict(Holder(secret)))
    assert str(secret) == "https://example.org/…"
    assert str(Secret("hunter2")) == "***"
    assert secret.reveal() == "hunter2"


def test_it_is_a_value() -> None:
    assert Secret("a") == Secret("a", shown="b")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert copy.deepcopy(Secret("a")) == copy.copy(Secret("a")) == Secret("a")


def test_it_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("a"))
