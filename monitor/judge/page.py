"""What the page looks like while the platform is up: learnt slowly, so that one odd page teaches little."""

from typing import Final

from monitor.model import HttpFacts, PageBaseline

# A new look moves the baseline by this part, and only when it differs by more than _TOLERANCE.
_WEIGHT: Final = 0.2
_TOLERANCE: Final = 0.1


def learn(baseline: PageBaseline | None, page: HttpFacts) -> PageBaseline:
    """Return the baseline after one more page of a target that is up; the same object if nothing is new."""
    if baseline is None:
        return PageBaseline(title=page.title, text_length=page.text_length)
    near = abs(page.text_length - baseline.text_length) <= _TOLERANCE * baseline.text_length
    if near and page.title == baseline.title:
        return baseline
    drift = _WEIGHT * (page.text_length - baseline.text_length)
    length = baseline.text_length if near else round(baseline.text_length + drift)
    return PageBaseline(title=page.title, text_length=length)
