"""docs/events.md and docs/schema/ say what is really sent.

`WRITE_SCHEMAS=1 pytest tests/export/test_receiver_docs.py` writes docs/schema/ anew.
"""

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from export.event_examples import EXAMPLES, SOURCE
from standardwebhooks import Webhook, WebhookVerificationError

from monitor import wire
from monitor.export.outbox import Retry
from monitor.export.receiver import ANSWER_LIMIT, PERMANENT, RETRY_AFTER_LIMIT_S, body_of
from monitor.model import EventType, Severity

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "events.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def section(kind: EventType) -> str:
    """Return the part of docs/events.md that is about one type."""
    found = re.search(rf"^### `{re.escape(kind)}`\n(.*?)(?=^##)", TEXT + "\n##", re.MULTILINE | re.DOTALL)
    assert found, f"docs/events.md has no section on {kind}"
    return found[1]


def schema(kind: EventType) -> dict[str, Any]:
    return json.loads((DOCS / "schema" / f"{kind}.json").read_text())  # type: ignore[no-any-return]


def mistakes(value: Any, rule: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:  # noqa: ANN401 - any JSON
    """Check the part of JSON Schema that ours use; an unknown keyword is a mistake too."""
    if "$ref" in rule:
        return mistakes(value, root["$defs"][rule["$ref"].removeprefix("#/$defs/")], root, at)
    if "anyOf" in rule:
        return min((mistakes(value, one, root, at) for one in rule["anyOf"]), key=len)
    found = [f"{at}: unknown keyword {key}" for key in rule.keys() - KNOWN.keys() - PLAIN]
    broken = [key for key, holds in KNOWN.items() if key in rule and not holds(value, rule[key])]
    found += [f"{at}: {value!r} breaks {key} {rule[key]!r}" for key in broken]
    if isinstance(value, dict):
        for name, one in rule.get("properties", {}).items():
            if name in value:
                found += mistakes(value[name], one, root, f"{at}.{name}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            found += mistakes(item, rule.get("items", {}), root, f"{at}[{number}]")
    return found


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": int | float,
    "null": type(None),
}


def is_format(value: object, name: str) -> bool:
    if not isinstance(value, str):
        return False
    if name == "date-time":
        return datetime.fromisoformat(value).tzinfo is not None
    return name == "uri-reference" and not re.search(r"\s", value)


PLAIN = {"properties", "items", "description", "default", "title", "$schema", "$defs"}
KNOWN = {
    "type": lambda value, name: isinstance(value, TYPES[name]),
    "const": lambda value, wanted: value == wanted,
    "enum": lambda value, options: value in options,
    "pattern": lambda value, pattern: re.search(pattern, str(value)) is not None,
    "format": is_format,
    "required": lambda value, names: isinstance(value, dict) and set(names) <= value.keys(),
}


@pytest.mark.parametrize("kind", EventType)
def test_every_type_has_its_schema(kind: EventType) -> None:
    path = DOCS / "schema" / f"{kind}.json"
    if os.environ.get("WRITE_SCHEMAS"):
        path.write_text(json.dumps(wire.event_schema(kind), indent=2) + "\n")
    assert schema(kind) == wire.event_schema(kind)


def test_there_is_no_schema_of_anything_else() -> None:
    assert {path.stem for path in (DOCS / "schema").iterdir()} == set(EventType)


@pytest.mark.parametrize("kind", EventType)
def test_what_is_sent_keeps_to_its_schema_and_to_no_other(kind: EventType) -> None:
    body = json.loads(body_of(EXAMPLES[kind], source=SOURCE))
    rule = schema(kind)
    assert mistakes(body, rule, rule) == []
    for other in EventType:
        if other is not kind:
            assert mistakes(body, schema(other), schema(other))


@pytest.mark.parametrize("kind", EventType)
def test_a_body_that_lacks_a_property_breaks_the_schema(kind: EventType) -> None:
    """The check above can fail: nothing that is sent may be missing, or be of another kind."""
    rule = schema(kind)
    body = json.loads(body_of(EXAMPLES[kind], source=SOURCE))
    for name in body:
        assert mistakes({key: value for key, value in body.items() if key != name}, rule, rule)
    for name in body["data"]:
        data = {key: value for key, value in body["data"].items() if key != name}
        assert mistakes({**body, "data": data}, rule, rule)
        assert mistakes({**body, "data": {**body["data"], name: 7j}}, rule, rule)


@pytest.mark.parametrize("kind", EventType)
def test_the_document_shows_what_is_really_sent(kind: EventType) -> None:
    found = re.search(r"```json\n(.*?)```", section(kind), re.DOTALL)
    assert found, f"{kind} has no example"
    assert json.loads(found[1]) == json.loads(body_of(EXAMPLES[kind], source=SOURCE))


@pytest.mark.parametrize("kind", EventType)
def test_every_property_is_explained(kind: EventType) -> None:
    missing = [name for name in schema(kind)["properties"]["data"]["properties"] if f"`{name}`" not in TEXT]
    missing += [name for name in schema(kind)["properties"] if f"`{name}`" not in TEXT]
    assert missing == []


def test_the_document_knows_no_other_types() -> None:
    assert re.findall(r"^### `([^`]+)`$", TEXT, re.MULTILINE) == [str(kind) for kind in EventType]


def test_the_guarantees_are_those_of_the_code() -> None:
    assert ", ".join(str(status) for status in sorted(PERMANENT)) in TEXT
    assert f"{Retry().first_s:.0f} s" in TEXT
    assert f"{Retry().cap_s / 60:.0f} minutes" in TEXT
    assert f"{Retry().give_up_s / 86400:.0f} days" in TEXT
    assert f"{RETRY_AFTER_LIMIT_S / 3600:.0f} hour" in TEXT
    assert f"{ANSWER_LIMIT // 1024} KiB" in TEXT
    assert all(f"`{severity}`" in TEXT for severity in Severity)


def snippets() -> list[str]:
    return re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(2))
def test_the_snippets_tell_a_true_signature_from_a_forged_one(number: int) -> None:
    place: dict[str, Any] = {}
    exec(snippets()[number], place)  # noqa: S102 - our own document
    now = datetime.now().astimezone()
    body = body_of(EXAMPLES[EventType.TEST], source=SOURCE)
    headers = {
        "webhook-id": EXAMPLES[EventType.TEST].event.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(EXAMPLES[EventType.TEST].event.id, now, body),
    }
    assert place["event_of"](body.encode(), headers, SECRET) == json.loads(body)
    for forged in (
        (body.encode() + b" ", headers, SECRET),
        (body.encode(), {**headers, "webhook-id": "other"}, SECRET),
        (body.encode(), {**headers, "webhook-timestamp": "1610352000"}, SECRET),
        (body.encode(), headers, "whsec_AAAA"),
    ):
        with pytest.raises((ValueError, WebhookVerificationError)):
            place["event_of"](*forged)
