"""Findings of one layer -> one attribution: a set of providers, and why."""

from collections.abc import Iterable

from monitor.model import Attribution, Evidence, Layer, Provider

# A zone may name a hundred servers of a hundred operators; what is kept for years stays small.
MAX_PROVIDERS = 8
MAX_EVIDENCE = 8


def assemble(layer: Layer, findings: Iterable[tuple[Provider, Evidence]]) -> Attribution | None:
    """Return the attribution of a layer; None without findings.

    Providers are sorted by id and none stands twice; the first 8 are kept. Each has at least one
    piece of evidence; 8 pieces are kept, first one for each provider.
    """
    providers: dict[str, Provider] = {}
    reasons: dict[str, list[Evidence]] = {}
    for provider, evidence in findings:
        providers.setdefault(provider.id, provider)
        seen = reasons.setdefault(provider.id, [])
        if evidence not in seen:
            seen.append(evidence)
    if not providers:
        return None
    kept = sorted(providers)[:MAX_PROVIDERS]
    firsts = [reasons[key][0] for key in kept]
    others = [evidence for key in kept for evidence in reasons[key][1:]][: MAX_EVIDENCE - len(firsts)]
    order = {key: index for index, key in enumerate(kept)}
    return Attribution(
        layer=layer,
        providers=tuple(providers[key] for key in kept),
        evidence=tuple(sorted(firsts + others, key=lambda evidence: order[evidence.provider])),
    )
