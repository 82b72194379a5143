"""What `explain` and `check` say of a target's policy, in words and in JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from judge.world import World
from terminal.test_hostile import shown

from monitor.model import DesiredRule, EarlySign, EarlySignState, Memory, Ruling, TargetState
from monitor.terminal.document import document
from monitor.terminal.sheet import sheet

SINCE = datetime(2021, 1, 11, tzinfo=UTC)
RULINGS = (
    Ruling(
        rule=DesiredRule.REGISTRAR,
        wanted=("godaddy", "markmonitor"),
        kept=False,
        found=("epik",),
        since=SINCE,
        breached=True,
    ),
    Ruling(rule=DesiredRule.EDGE, wanted=("cloudflare",), kept=False, since=SINCE, breached=True),
    Ruling(rule=DesiredRule.TRANSFER_LOCK, wanted=("on",), kept=True, found=("clientTransferProhibited",)),
    Ruling(rule=DesiredRule.DNSSEC, wanted=("signed",)),
)
STATE = TargetState(target="parler.com", memory=Memory(rulings=RULINGS))


def test_each_rule_has_its_line_and_what_is_not_known_is_said() -> None:
    said = shown(sheet(STATE))
    assert "registrar     breached  registrar is epik; it should be godaddy or markmonitor, since" in said
    assert "edge          breached  edge is nobody; it should be cloudflare" in said
    assert "transfer_lock kept      the transfer lock is on" in said
    assert "dnssec        not known should be signed" in said


SIGN = EarlySignState(
    sign=EarlySign.TTL_DROPPED, about="A", before="86400", after="300", since=SINCE, looks=0, told_at=SINCE
)


def test_a_sign_that_stands_is_told_and_one_that_is_suspected_or_gone_is_not() -> None:
    others = (replace(SIGN, about="NS", told_at=None), replace(SIGN, about="x", ended_at=SINCE))
    state = TargetState(target="parler.com", memory=Memory(early_signs=(SIGN, *others)))
    said = shown(sheet(state))
    assert "ttl_dropped  there is a drop in the TTL of A (86400 → 300), since 2021-01-11" in said
    assert "NS" not in said
    assert json.loads(json.dumps(document(state)))["early_signs"] == [
        {
            "sign": "ttl_dropped",
            "about": "A",
            "layer": "dns",
            "before": "86400",
            "after": "300",
            "since": "2021-01-11T00:00:00Z",
        }
    ]


def test_nothing_is_said_where_nothing_is_wished() -> None:
    state = World().http("..").state
    assert "policy" not in shown(sheet(state))
    assert document(state)["policy"] == []


def test_the_document_tells_a_breach_from_what_is_not_known() -> None:
    told = json.loads(json.dumps(document(STATE)))["policy"]
    assert told[0] == {
        "rule": "registrar",
        "kept": False,
        "wanted": ["godaddy", "markmonitor"],
        "found": ["epik"],
        "since": "2021-01-11T00:00:00Z",
    }
    assert [(row["rule"], row["kept"], row["found"]) for row in told[1:]] == [
        ("edge", False, []),
        ("transfer_lock", True, ["clientTransferProhibited"]),
        ("dnssec", None, None),
    ]
