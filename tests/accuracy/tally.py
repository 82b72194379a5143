"""Counts of right, missing and wrong, and the bars that they are held to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Verdict(StrEnum):
    """What one value is, beside its label."""

    RIGHT = "right"
    MISSING = "missing"
    """We gave none."""
    WRONG = "wrong"
    """We gave one that differs."""
    UNLABELLED = "unlabelled"
    """We gave one where the label has none. Not a part of any share: labels have gaps, too."""
    DISPUTED = "disputed"
    """The reply contradicts the label (`disputes.py`). Not a part of the shares; bounded by a bar."""


WORST_FIRST: Final = (Verdict.WRONG, Verdict.UNLABELLED, Verdict.MISSING, Verdict.DISPUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One value of one row; `groups` are the columns that it counts in (a TLD class and `all`)."""

    what: str
    """The domain or the address."""
    field: str
    groups: tuple[str, ...]
    verdict: Verdict
    expected: str
    got: str


@dataclass(slots=True)
class Tally:
    """The cases of one field in one group, counted."""

    counts: Counter[Verdict] = field(default_factory=Counter)

    @property
    def labelled(self) -> int:
        """Return how many cases have a label that is not disputed: what the shares are of."""
        return self.counts.total() - self.counts[Verdict.UNLABELLED] - self.counts[Verdict.DISPUTED]

    def share(self, verdict: Verdict) -> float:
        """Return the share of the labelled cases, 0 to 1; 0 when there are none."""
        return self.counts[verdict] / self.labelled if self.labelled else 0.0

    @property
    def disputed(self) -> float:
        """Return the share of the labels that are disputed."""
        disputed = self.counts[Verdict.DISPUTED]
        return disputed / (self.labelled + disputed) if disputed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a field has to reach in a group."""

    field: str
    group: str
    right: float = 0.0
    """At least this share."""
    wrong: float = 1.0
    """At most this share."""
    disputed: float = 0.05
    """At most this share of the labels."""

    def __str__(self) -> str:
        """Return it in words."""
        sides = [f"right ≥ {self.right:.0%}"] if self.right else []
        sides += [f"wrong ≤ {self.wrong:.1%}"] if self.wrong < 1 else []
        return f"{self.field}, {self.group}: {', '.join(sides)}"


class Score:
    """Every case of a run, counted by field and group, both in the order of their first appearance."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases: Sequence[Case] = tuple(cases)
        self.tallies: dict[tuple[str, str], Tally] = {}
        for case in self.cases:
            for group in case.groups:
                self.tallies.setdefault((case.field, group), Tally()).counts[case.verdict] += 1

    @property
    def fields(self) -> list[str]:
        """Return the fields."""
        return list(dict.fromkeys(field for field, _ in self.tallies))

    def groups(self, order: Sequence[str]) -> list[str]:
        """Return the groups: those of `order` first, then the others."""
        found = dict.fromkeys(group for _, group in self.tallies)
        return [group for group in order if group in found] + [g for g in found if g not in order]

    def missed(self, bars: Iterable[Bar]) -> list[str]:
        """Return each bar that is missed, in words; a bar without a labelled case is not missed."""
        missed = []
        for bar in bars:
            tally = self.tallies.get((bar.field, bar.group))
            if tally is None or not tally.labelled:
                continue
            right, wrong = tally.share(Verdict.RIGHT), tally.share(Verdict.WRONG)
            if right < bar.right or wrong > bar.wrong:
                missed.append(f"{bar}; right {right:.2%}, wrong {wrong:.2%} of {tally.labelled}")
            if tally.disputed > bar.disputed:
                missed.append(
                    f"{bar.field}, {bar.group}: disputed ≤ {bar.disputed:.0%}; {tally.disputed:.2%}"
                )
        return missed

    def worst(self, most: int) -> list[Case]:
        """Return the worst cases, at most `most`: wrong ones first, missing ones last."""
        found = [case for case in self.cases if case.verdict in WORST_FIRST]
        return sorted(found, key=lambda case: (WORST_FIRST.index(case.verdict), case.field, case.what))[:most]

    def as_json(self, most: int) -> dict[str, Any]:
        """Return counts, shares and the worst cases for machines."""
        fields: dict[str, dict[str, Any]] = {}
        for (name, group), tally in self.tallies.items():
            row: dict[str, Any] = {verdict.value: tally.counts[verdict] for verdict in Verdict}
            row |= {"right_share": tally.share(Verdict.RIGHT), "wrong_share": tally.share(Verdict.WRONG)}
            fields.setdefault(name, {})[group] = row
        worst = [
            {
                "what": case.what,
                "field": case.field,
                "verdict": case.verdict.value,
                "expected": case.expected,
                "got": case.got,
            }
            for case in self.worst(most)
        ]
        return {"fields": fields, "worst": worst}
