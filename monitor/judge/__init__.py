"""What it means: from facts to states and events. Pure."""

from monitor.judge.change import comparable
from monitor.judge.diagnose import DIAGNOSES
from monitor.judge.fleet import Fleet, FleetStep
from monitor.judge.forget import forget
from monitor.judge.front import beside
from monitor.judge.relabel import reconsider, relabel
from monitor.judge.rules import Rule
from monitor.judge.step import Step, step

__all__ = [
    "DIAGNOSES",
    "Fleet",
    "FleetStep",
    "Rule",
    "Step",
    "beside",
    "comparable",
    "forget",
    "reconsider",
    "relabel",
    "step",
]
