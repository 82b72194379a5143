"""The line of every key, as tomllib does not tell it."""

import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from monitor.config.lines import Loc, locate

TEXT = '''\
top = 1
"quoted key" = """
[not.a.table]
key = 1
""""
'lit' = [ # a comment with ] and "
  { a = 1, b.c = [1,
    2] },
  "x # y",
]
[table] # comment
dotted.key = 2026-11-21 03:29:00
[[targets]]
domain = "a.example"
http.timeout = "5s"
[targets.dns]
zone = \'\'\'x
= y\'\'\'
[[targets]]

domain = "b.example"
[[targets.inner]]
x = 1.5
[[targets.inner]]
x = {}
'''


def paths(value: object, loc: Loc = ()) -> Iterator[Loc]:
    if loc:
        yield loc
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from paths(part, (*loc, key))


def test_lines() -> None:
    found = locate(TEXT)
    assert set(paths(tomllib.loads(TEXT))) == set(found)
    assert found["top",] == 1
    assert found["quoted key",] == 2
    assert found["lit", 0, "b", "c"] == 7
    assert found["lit", 0, "b", "c", 1] == 8
    assert found["lit", 1] == 9
    assert found["table", "dotted", "key"] == 12
    assert found["targets", 0, "http", "timeout"] == 15
    assert found["targets", 0, "dns", "zone"] == 17
    assert found["targets", 1] == 19
    assert found["targets", 1, "domain"] == 21
    assert found["targets", 1, "inner", 1, "x"] == 25


def test_windows_line_ends() -> None:
    assert locate(TEXT.replace("\n", "\r\n")) == locate(TEXT)


@given(st.text(st.sampled_from("ab=[]{}\"'.,#\n \\1"), max_size=40))
def test_every_path_of_valid_toml_is_found(text: str) -> None:
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        locate(text)
    else:
        assert set(paths(value)) == set(locate(text))
