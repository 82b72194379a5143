from pathlib import Path

from monitor.judge import DIAGNOSES
from monitor.model import Layer

DOC = Path(__file__).parents[2] / "docs" / "diagnoses.md"


def rows() -> dict[str, list[str]]:
    lines = [line for line in DOC.read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_document_has_every_rule_in_its_order_with_its_status_and_layer() -> None:
    assert list(rows()) == [rule.id for rule in DIAGNOSES]
    for rule in DIAGNOSES:
        status, layer, seen, unknowable = rows()[rule.id]
        assert status == rule.status
        expected = "none" if rule.layer is None else str(rule.layer)
        assert layer == (f"{Layer.NETWORK} or {Layer.EDGE}" if rule.at_edge else expected)
        assert seen
        assert unknowable


def test_no_rule_states_a_motive_or_calls_a_registrar_a_host() -> None:
    text = " ".join(rule.sentence for rule in DIAGNOSES).lower()
    for word in ("because", "deplatform", "censor", "hosted by", "punish"):
        assert word not in text
