"""What is exported about the parts of a target: the labels stay those of the target and the probe.

A series for each page would take its name from the configuration, and there may be fifty of them. So the
checks of one kind are told together, by the one that is worst off: whoever alerts on a run that failed, or
that has not ended for long, is alerted by any of them.
"""

from collections.abc import Iterable

from monitor.failure import Failure
from monitor.model import PartRun, Probe, Run


def together(parts: Iterable[PartRun]) -> tuple[Run, ...]:
    """Return one run for each probe: failed if one has, as old as the oldest, as long as the longest.

    Runs that were missed are left out, as they are of any check.
    """
    by_probe: dict[Probe, list[PartRun]] = {}
    for part in parts:
        if part.failure is not Failure.MISSED:
            by_probe.setdefault(part.probe, []).append(part)
    return tuple(
        Run(
            probe=probe,
            at=min(run.at for run in runs),
            duration_s=max(run.duration_s for run in runs),
            failure=next((run.failure for run in runs if run.failure is not None), None),
            in_a_row=1,
        )
        for probe, runs in sorted(by_probe.items())
    )
