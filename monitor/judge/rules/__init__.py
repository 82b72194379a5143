"""The rules by layer; `monitor.judge.diagnose` puts them in their order."""

from monitor.judge.rules.answer import ANSWER, EDGE
from monitor.judge.rules.connection import CONNECTION
from monitor.judge.rules.dns import DNS
from monitor.judge.rules.fleet import OFFLINE, OUTAGE
from monitor.judge.rules.registration import REGISTRATION
from monitor.judge.rules.rule import Rule

__all__ = ["ANSWER", "CONNECTION", "DNS", "EDGE", "OFFLINE", "OUTAGE", "REGISTRATION", "Rule"]
