"""The thresholds of judgement."""

from dataclasses import dataclass

from monitor.model.announcement import Announcement
from monitor.model.desired import Wish
from monitor.model.words import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How much evidence it takes before something is said."""

    lead: Probe = Probe.HTTP
    """The probe that decides whether the target is there; the others explain."""
    dns_watched: bool = True
    """Whether the target has a `dns` check: its addresses then say which network, not the last page's."""
    delegation_watched: bool = False
    """Whether the target has a `delegation` check: the parent zone has then a say in who operates DNS."""
    failures_to_confirm: int = 3
    """Consecutive observations of a target that is not up before it is told."""
    successes_to_confirm: int = 2
    """Consecutive observations of a target that is up again before it is told."""
    changes_to_confirm: int = 2
    """Consecutive observations of another provider before it is told."""
    recheck_s: float = 10.0
    """Seconds until a suspicion is looked at again."""
    change_recheck_s: float = 60.0
    """Seconds until a suspected change of provider is looked at again."""
    flap_window_s: float = 10_800.0
    """One that is not up again within so many seconds of its return goes on with the same incident ..."""
    flaps_to_tell: int = 2
    """... and is flapping when that has happened so often."""
    announcements: tuple[Announcement, ...] = ()
    """What was announced of the target: what begins in its time is told with it."""
    listing_looks: int = 3
    """Looks at a store that say otherwise than it did before, until that is believed ..."""
    listing_over_s: float = 3_600.0
    """... and seconds between the first of them and the last, at least."""
    listing_recheck_s: float = 1_800.0
    """Seconds until a store that says otherwise is asked again."""
    placeholder_ratio: float = 0.2
    """A page with less than this part of its usual text is a placeholder ..."""
    placeholder_min_text: int = 500
    """... if it usually has at least this many characters."""
    expiry_days: tuple[int, ...] = (30, 14, 7, 3, 1)
    """Days before the end of a registration at which that is told."""
    certificate_expiry_days: tuple[int, ...] = (14, 7, 3, 1)
    """Days before the end of a certificate; those beyond a quarter of its life are left out."""
    desired: tuple[Wish, ...] = ()
    """What is to be true of the target (`[targets.policy]`), as these thresholds see it."""
