"""The process in which python-whois parses: started by its path, so that nothing of ours is imported.

Its regular expressions take 35 s on a hostile reply of 16 kB, so it runs where it can be killed
(`monitor.probe.whois_parser`). One JSON object a line comes in, {"domain", "text"}; one goes out:
the fields, dates as ISO text; {} when python-whois has nothing. No personal data leaves it.
"""

import json
import resource
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

_MEMORY: Final = 512 << 20
_LONGEST_S: Final = 60
_FIELDS: Final = {
    "registrar": "registrar",
    "registrar_iana_id": "registrar_iana",
    "statuses": "status",
    "name_servers": "name_servers",
    "created": "creation_date",
    "updated": "updated_date",
    "expires": "expiration_date",
}
_MAX_VALUES: Final = 30


def main() -> None:
    """Answer questions until the pipe is closed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS has no such bound
        # A reply that makes the parser eat memory ends this process only.
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for line in sys.stdin.buffer:
        question = json.loads(line)
        # Whoever kills this process may have been killed itself: the default of SIGALRM is to die.
        signal.alarm(_LONGEST_S)
        answer = fields(question["domain"], question["text"])
        signal.alarm(0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def fields(domain: str, text: str) -> dict[str, Any]:
    """Return the fields that python-whois finds, as JSON values."""
    from whois.parser import WhoisEntry  # noqa: PLC0415 - takes 0.2 s, and only the worker shall have it

    try:
        record = WhoisEntry.load(_unicode(domain), text)
    except Exception:  # noqa: BLE001 - a library's parser on hostile text: whatever it raises means "nothing found"
        return {}
    found = {name: _values(record.get(key)) for name, key in _FIELDS.items()}
    return {name: values for name, values in found.items() if values}


def _values(value: object) -> list[str]:
    many: Iterable[object] = value if isinstance(value, (list, tuple, set)) else [value]
    texts = (_text(item) for item in many)
    return [text for text in texts if text][:_MAX_VALUES]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    return str(value)[:200] if isinstance(value, (str, int)) else ""


def _unicode(domain: str) -> str:
    """Return the U-labels: python-whois tells its parsers apart by them."""
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


if __name__ == "__main__":
    main()
