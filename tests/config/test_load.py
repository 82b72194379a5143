"""Reading a configuration: what files can do wrong, and that nothing but ConfigError comes out."""

import os
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import ConfigError, Problem, describe_problems, load
from monitor.config.schema import Document
from monitor.daemon import receivers_of
from monitor.export.receiver import wants
from monitor.model import Event, EventType, Probe, Severity
from monitor.model.event import Drill

TARGET = '[[targets]]\ndomain = "parler.com"\n'
TABLES = ("http", "dns", "monitor", "web", "policy", "registration")
KEYS = [*Document.model_fields, "domain", "url", "labels", "secret", "events"] + [
    key for table in TABLES for key in type(getattr(Document(), table)).model_fields
]
SCALARS = st.one_of(
    st.sampled_from(
        ["parler.com", "60s", "1MiB", "http", "https://parler.com/", "", "off", "$X/y", "[::1]:1"]
    ),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4),
    ),
    max_leaves=12,
)


def written(value: object) -> str:
    """Return a value in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    return repr(value)


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environ={"HOME": "/nonexistent"})
    return describe_problems(caught.value.problems)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_a_configuration_or_mistakes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzz.toml"
    path.write_bytes(content)
    try:
        load(path, environ={"HOME": "/nonexistent"})
    except ConfigError as error:
        problems = error.problems
        assert problems
        assert all(line.isprintable() for line in describe_problems(problems).split("\n"))


# No deadline: the first policy that names a provider loads the catalog.
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=150,
)
@given(document=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5))
def test_any_toml_is_a_configuration_or_mistakes(tmp_path: Path, document: dict[str, object]) -> None:
    path = tmp_path / "fuzz.toml"
    path.write_text("\n".join(f"{written(key)} = {written(value)}" for key, value in document.items()))
    tomllib.loads(path.read_text())
    try:
        load(path, environ={"HOME": "/nonexistent"})
    except ConfigError as error:
        problems = error.problems
        assert problems
        assert [problem.order for problem in problems] == sorted(problem.order for problem in problems)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=st.text(st.sampled_from('ab.,";=#\n\r\t é\x00'), max_size=60), kind=st.sampled_from(["txt", "csv"])
)
def test_any_list_is_targets_or_mistakes(tmp_path: Path, rows: str, kind: str) -> None:
    path = tmp_path / "fuzz.toml"
    path.write_text(f'targets_from = ["rows.{kind}"]\n')
    header = "domain,name,url,labels\n" if kind == "csv" else ""
    (tmp_path / f"rows.{kind}").write_text(header + rows, newline="")
    try:
        load(path, environ={"HOME": "/nonexistent"})
    except ConfigError as error:
        problems = error.problems
        assert problems


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert (
        refused(path)
        == f"{path}: is larger than 16 MiB; keep long lists of targets in files of their own (targets_from)"
    )
    assert "is larger than 16 MiB" in refused(Path("/dev/zero"))


def test_a_name_that_is_no_path(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / ("x" * 300))
    assert "cannot be read: not a path" in refused(Path("a\0b"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that anybody may enter, unlike tmp_path."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize("forbidden", ["monitor.toml", "ops.key"])
def test_files_without_permission(open_folder: Path, forbidden: str) -> None:
    path = open_folder / "monitor.toml"
    path.write_text(
        f'{TARGET}[[receivers]]\nname = "a"\nurl = "http://a.example/"\nsecret_file = "ops.key"\n'
    )
    (open_folder / "ops.key").write_text("x")
    (open_folder / forbidden).chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65_534)  # root may read everything
    try:
        message = refused(path)
    finally:
        os.seteuid(user)
    assert message.startswith(str(path))
    assert message.endswith(": may not be read by this user")
    assert message.count("\n") == 0


def test_a_long_wrong_list_does_not_hide_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text('targets_from = ["wrong.txt"]\n[web]\nlisten = "x"\n')
    (tmp_path / "wrong.txt").write_text("no name\n" * 1000)
    lines = refused(path).split("\n")
    assert len(lines) == 52
    assert (
        lines[50]
        == f"{tmp_path}/wrong.txt:1000: this file has 950 more mistakes, the last of them in this line"
    )
    assert "web.listen" in lines[51]


def test_data_dir_follows_systemd_then_xdg_then_home(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(TARGET)
    environ = {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "XDG_STATE_HOME": "/state", "HOME": "/home/ops"}
    found = []
    for key in list(environ):
        found.append(str(load(path, environ=environ).data_dir))
        del environ[key]
    assert found == ["/var/lib/a", "/state/platform-monitor", "/home/ops/.local/state/platform-monitor"]
    with pytest.raises(ConfigError, match=r"monitor.data_dir: the environment variable \"HOME\" is not set"):
        load(path, environ={})


def test_without_a_resolv_conf_this_machine_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(TARGET)
    config = load(path, environ={"HOME": "/nonexistent"}, resolv_conf=tmp_path / "none")
    assert config.resolvers == (("127.0.0.1", 53),)
    assert config.limits.of(Probe.REGISTRATION) == 8


def test_a_receiver_wants_what_it_was_told_to_want(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(
        TARGET
        + '[[receivers]]\nname = "a"\nurl = "https://example.org/"\nsecret_env = "KEY"\n'
        + 'events = ["platform.incident.*"]\nmin_severity = "warning"\ntargets = ["parler.com"]\n'
    )
    environ = {"HOME": "/nonexistent", "KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    (receiver,) = receivers_of(load(path, environ=environ))

    def told(type_: EventType, severity: Severity, subject: str) -> bool:
        at = datetime(2021, 1, 11, tzinfo=UTC)
        drill = Drill(message="")
        event = Event(id="1", type=type_, subject=subject, at=at, severity=severity, text="", data=drill)
        return wants(receiver, event)

    assert told(EventType.INCIDENT_OPENED, Severity.CRITICAL, "parler.com")
    assert told(EventType.INCIDENT_OPENED, Severity.WARNING, "parler.com")
    assert not told(EventType.INCIDENT_OPENED, Severity.INFO, "parler.com")
    assert not told(EventType.STATUS_CHANGED, Severity.CRITICAL, "parler.com")
    assert not told(EventType.INCIDENT_OPENED, Severity.CRITICAL, "gab.com")


def test_problems_are_told_in_file_order() -> None:
    late = Problem(path="b", message="x", file="f", line=9, order=(9, 0, 0))
    early = Problem(path="", message="y", file="f", order=(0, 0, 1))
    assert describe_problems([late, early]) == "f: y\nf:9: b: x"


@pytest.mark.full
def test_a_hundred_thousand_targets(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text('targets_from = ["many.txt"]\n')
    (tmp_path / "many.txt").write_text("".join(f"www.site{number}.example\n" for number in range(100_000)))
    started = os.times()
    config = load(path, environ={"HOME": "/nonexistent"})
    assert len(config.checks) == 400_000
    assert os.times().user - started.user < 10
