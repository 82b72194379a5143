"""Whether it is us: what the controls say, held against what the targets say.

A control is something that nearly always answers, and does not depend on what is watched. It counts from
its first answer on: an installation that may reach nothing but its targets never hears one, and is not
cut off for ever because of that. The monitor is cut off when most of the controls that count do not
answer as they should. A portal that answers for everybody is no answer: it has no certificate.

Targets have a say: whoever fetches a page under a certificate that holds is not cut off. And while
nothing at all has answered since the first start, neither control nor target, nothing is believed.
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from monitor.failure import Failure
from monitor.judge.trouble import seen_of
from monitor.model import Control, DnsFacts, HttpFacts, Observation

_NOTHING_SAID: Final = frozenset({Failure.MISSED, Failure.LOCAL_RESOURCES, Failure.UNKNOWN})
_AT_MOST_EVERY: Final = timedelta(seconds=5)
_WHILE_OFFLINE: Final = timedelta(seconds=10)
_LEAST_LOOKS: Final = 5
_MOST_LOOKS: Final = 50
_NOT_YET: Final = datetime.min.replace(tzinfo=UTC)
_PART: Final = 4
"""As many of the latest looks are held against the controls as a quarter of the targets, within limits."""


def answers(observation: Observation) -> bool:
    """Tell whether a control answered as it should, and nobody in its place.

    Over HTTPS any answer will do, for the certificate says whose it is; over HTTP only 204 (No Content),
    which no portal gives. A name has to have an address.
    """
    facts = observation.facts
    if observation.failure is not None:
        return False
    if isinstance(facts, HttpFacts):
        if urlsplit(facts.url).scheme == "https":
            return facts.tls is not None
        return facts.status == HTTPStatus.NO_CONTENT and not facts.redirects
    return isinstance(facts, DnsFacts) and bool(facts.addresses)


@dataclass(frozen=True, slots=True)
class _Word:
    at: datetime
    """When it was asked for."""
    good: bool
    seen: str


class Connectivity:
    """The controls' words. Deterministic: the same observations give the same answers."""

    def __init__(self, controls: tuple[str, ...], targets: int) -> None:
        """Take the names of the controls, and how many targets there are.

        Without controls nothing is ever known, and nothing waits for it.
        """
        self._controls = controls
        self._words: dict[str, _Word] = {}
        self._answered: set[str] = set()
        self._anything = False
        self._bad_since: datetime | None = None
        self._asked_for: datetime | None = None
        self._looks: deque[bool] = deque(maxlen=min(_MOST_LOOKS, max(_LEAST_LOOKS, targets // _PART)))
        self._returned_at: datetime | None = None
        self.heard_at: datetime | None = None
        """When the newest word of most controls was asked for; None: there is nobody to wait for."""
        self.online: bool | None = None
        self.since: datetime | None = None

    @property
    def answered(self) -> tuple[str, ...]:
        """Return the controls that have ever answered."""
        return tuple(name for name in self._controls if name in self._answered)

    @property
    def failing(self) -> tuple[Control, ...]:
        """Return the controls that did not answer when they were last asked."""
        bad = ((name, self._words[name]) for name in self._controls if name in self._words)
        return tuple(Control(name=name, seen=word.seen) for name, word in bad if not word.good)

    @property
    def unheard(self) -> bool:
        """Tell whether every control has been asked, and none has ever answered: they are of no use."""
        return bool(self._controls) and not self._answered and len(self._words) == len(self._controls)

    def _heard(self) -> datetime | None:
        needed = len(self.answered) // 2
        if not self.answered:
            return None
        moments = sorted((word.at for word in self._counting()), reverse=True)
        return moments[needed] if len(moments) > needed else _NOT_YET

    def go_on(self, *, online: bool | None, since: datetime | None, answered: tuple[str, ...]) -> None:
        """Go on from what is stored."""
        self.online, self.since = online, since
        self._answered = set(answered)
        self._anything = bool(answered)
        self.heard_at = self._heard()

    def something_answered(self) -> None:
        """Note that something has once answered: silence from the start is then not ours alone."""
        self._anything = True

    def offline_during(self, observation: Observation) -> datetime | None:
        """Return since when the monitor has been cut off, if it was while this was observed."""
        if self.online is False:
            return self.since
        # It is back, but what began before is what was seen without a connection.
        spoilt = self._returned_at is not None and observation.started_at < self._returned_at
        return observation.started_at if spoilt else None

    def hear(self, control: str, observation: Observation) -> bool:
        """Take a control's word; return whether the answer to "are we online?" is another now."""
        if observation.failure in _NOTHING_SAID:
            return False
        good = answers(observation)
        self._words[control] = _Word(observation.started_at, good, seen_of(observation))
        if good:
            self._answered.add(control)
            self._anything = True
        self.heard_at = self._heard()
        return self._decide(observation)

    def target(self, observation: Observation) -> bool:
        """Take what a target's look says about us; return whether the answer is another now."""
        facts = observation.facts
        answered = observation.failure is None
        if answered and not self._anything:
            self._anything = True
            if self.online is False and not self._answered:
                self._say(observation, online=None)
                return True
        if self._bad_since is None or observation.started_at < self._bad_since:
            return False
        if not answered:
            self._looks.append(False)
        elif isinstance(facts, HttpFacts) and facts.tls is not None:
            self._looks.append(True)
        else:
            return False
        return self._decide(observation)

    def ask(self, at: datetime) -> float | None:
        """Return in how many seconds the controls are to be asked because something fails; None: they are."""
        if not self._controls or (self._asked_for is not None and self._asked_for > at):
            return None
        earliest = self._asked_for + _AT_MOST_EVERY if self._asked_for else at
        self._asked_for = max(at, earliest)
        return (self._asked_for - at).total_seconds()

    def ask_again(self, at: datetime) -> float | None:
        """Return in how many seconds to ask again while cut off; None: they have been asked."""
        if self.online is not False or (self._asked_for is not None and self._asked_for > at):
            return None
        self._asked_for = at + _WHILE_OFFLINE
        return _WHILE_OFFLINE.total_seconds()

    def _counting(self) -> list[_Word]:
        return [word for name, word in self._words.items() if name in self._answered]

    def _decide(self, observation: Observation) -> bool:
        counting = self._counting()
        bad = [word for word in counting if not word.good]
        # After a start few have spoken: the first of them are not most of those that count.
        enough = len(self.answered)
        if counting and 2 * (len(counting) - len(bad)) >= enough:
            self._bad_since = None
            self._looks.clear()
            return self.online is not True and self._say(observation, online=True)
        if not counting:
            deaf = not self._anything and 2 * len(self._words) > len(self._controls)
            return deaf and self.online is not False and self._say(observation, online=False)
        if 2 * len(bad) <= enough:
            return False
        if self._bad_since is None:
            self._bad_since = min(word.at for word in bad)
        if 2 * sum(self._looks) > len(self._looks):
            # Only the controls are out of reach: what the targets say is worth more.
            return self.online is False and self._say(observation, online=True)
        return self.online is not False and self._say(observation, online=False)

    def _say(self, observation: Observation, *, online: bool | None) -> bool:
        if self.online is False:
            self._returned_at = observation.started_at
        self.online = online
        begun = self._bad_since if online is False else None
        self.since = begun or observation.started_at
        return True
