"""Many at once: a range stands for all of them, everywhere it may stand."""

from datetime import UTC, datetime

import pytest
from servers.scenario_lab import HEAD, scenario

from monitor.model import Probe
from monitor.replay.many import write_out
from monitor.replay.scenario import read_scenario

SITES = """
[[targets]]
domain = "site-{1..300}.example.net"
probes = ["http", "dns"]

[[before]]
layer = "network"
what = "Three hundred sites."
synthetic = true
[before.set.dns."site-{1..300}.example.net"]
a = ["54.69.{n/250}.{n%250}"]
[before.set.http."site-{1..300}.example.net"]
title = "Site {n}"
[before.set.http."site-7.example.net"]
title = "The seventh"
"""


def test_a_range_in_a_target_is_that_many_targets() -> None:
    read = scenario(SITES)
    names = [target.name for target in read.targets]
    assert len(names) == 301
    assert names[1] == "site-1.example.net"
    assert names[-1] == "site-300.example.net"
    assert [check.probe for check in read.checks if check.target == "site-9.example.net"] == [
        Probe.HTTP,
        Probe.DNS,
    ]


def test_a_range_in_a_key_of_set_is_a_table_for_each_with_its_number() -> None:
    change = scenario(SITES).before[-1].set
    assert len(change.dns) == 300
    assert change.dns["site-249.example.net"].a == ("54.69.0.249",)
    assert change.dns["site-300.example.net"].a == ("54.69.1.50",)
    assert change.http["site-8.example.net"].title == "Site 8"


def test_one_that_is_written_by_itself_is_meant() -> None:
    change = scenario(SITES).before[-1].set
    assert change.http["site-7.example.net"].title == "The seventh"


def test_one_that_is_written_first_is_meant_too() -> None:
    read = scenario(
        SITES + '[[before]]\nlayer = "network"\nwhat = "x"\nsynthetic = true\n'
        '[before.set.address]\n"54.69.0.3" = "drops"\n"54.69.0.{1..5}" = "refuses"\n'
    )
    assert dict(read.before[-1].set.address) == {
        **{f"54.69.0.{number}": "refuses" for number in (1, 2, 4, 5)},
        "54.69.0.3": "drops",
    }


def test_numbers_are_as_wide_as_the_first_one() -> None:
    wide = write_out({"targets": [{"domain": "a{08..11}.example", "name": "A {n}"}]}).raw["targets"]
    assert [target["domain"] for target in wide] == [f"a{n}.example" for n in ("08", "09", "10", "11")]
    assert [target["name"] for target in wide] == ["A 08", "A 09", "A 10", "A 11"]


def test_words_in_braces_are_that_many_too() -> None:
    target = {"domain": "{red, blue}.example", "name": "{word} ({n})", "labels": {"colour": "{word}"}}
    red, blue = write_out({"targets": [target]}).raw["targets"]
    assert red == {"domain": "red.example", "name": "red (1)", "labels": {"colour": "red"}}
    assert blue["name"] == "blue (2)"
    told = {"set": {"http": {"{a,b}.example": {"title": "The {word}", "text": "One, {two}, three."}}}}
    (written,) = write_out({"facts": [told]}).raw["facts"]
    assert written["set"]["http"]["b.example"] == {"title": "The b", "text": "One, {two}, three."}


def test_expectations_are_repeated_and_keep_the_place_they_were_written_at() -> None:
    read = scenario(
        SITES
        + '[[expect]]\nevent = "status.changed"\ntarget = "example.com"\n'
        + '[[expect]]\nevent = "incident.opened"\ntarget = "site-{1..3}.example.net"\n'
        + '[[expect]]\nevent = "incident.resolved"\ntarget = "site-1.example.net"\n'
        + '[[expect_state]]\nat = 2021-01-01\ntarget = "site-{1..2}.example.net"\nstatus = "up"\n'
    )
    assert [row.subject for row in read.expect] == [
        "example.com",
        "site-1.example.net",
        "site-2.example.net",
        "site-3.example.net",
        "site-1.example.net",
    ]
    assert read.written["expect"] == (0, 1, 1, 1, 2)
    assert read.written["expect_state"] == (0, 0)
    assert read.expect_state[0].at == datetime(2021, 1, 1, tzinfo=UTC)


def test_a_range_that_is_no_name_stays_what_it_is() -> None:
    read = scenario(
        '[[facts]]\nat = 2021-01-01T12:00:00Z\nlayer = "content"\nwhat = "A page about {1..3}."\n'
        'synthetic = true\n[facts.set.http."example.com"]\ntext = "From {1..3} to {n}."\n'
    )
    assert read.facts[0].what == "A page about {1..3}."
    assert read.facts[0].set.http["example.com"].text == "From {1..3} to {n}."


@pytest.mark.parametrize("value", ["x", 3, [], {}, [1, "x"], [["x"]], None], ids=repr)
@pytest.mark.parametrize("key", ["targets", "before", "facts", "expect"])
def test_what_is_no_list_of_tables_is_left_to_others(key: str, value: object) -> None:
    assert write_out({key: value}).raw == {key: value}


def test_a_set_that_is_no_table_is_left_to_others() -> None:
    told = [{"set": "x"}, {"set": {"dns": "x"}}, {"set": {"dns": {"a{1..2}": "x"}}}]
    written = write_out({"facts": told}).raw["facts"]
    assert written == [{"set": "x"}, {"set": {"dns": "x"}}, {"set": {"dns": {"a1": "x", "a2": "x"}}}]


def test_three_hundred_targets_are_read_at_once() -> None:
    assert len(read_scenario(HEAD + SITES, file="x").checks) == 4 + 600
