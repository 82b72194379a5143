"""Every truncation of a good reply, over the wire: what lost fields is never taken for whole."""

import gzip
import json

import pytest
from servers.registration_lab import GOOD_WHOIS, Lab, answers, check, good_rdap, lab, says

from monitor.failure import Failure
from monitor.model import RegistrationFacts
from monitor.probe.error import ProbeError
from monitor.probe.registration import probe_registration

STEPS = [pytest.param(1, marks=pytest.mark.full), 37]
RECORD = json.dumps(good_rdap("example.rdap")).encode()
TEXT = GOOD_WHOIS.replace("EXAMPLE.TEST", "EXAMPLE.WHOIS").encode()
# Compressed the last bytes are a checksum: the whole record is there before them.
CHECKED = 8


async def come_of(here: Lab, domain: str) -> RegistrationFacts | Failure:
    try:
        return await probe_registration(check(domain), here.io)
    except ProbeError as error:
        return error.failure


@pytest.mark.parametrize("step", STEPS)
async def test_a_whois_reply(step: int) -> None:
    async with lab() as here:
        here.whois.talk = says(TEXT)
        whole = await come_of(here, "example.whois")
        assert isinstance(whole, RegistrationFacts)
        for length in range(0, len(TEXT), step):
            here.whois.talk = says(TEXT[:length])
            come = await come_of(here, "example.whois")
            assert come in {whole, Failure.REGISTRATION_UNPARSABLE}, TEXT[:length][-60:]


@pytest.mark.parametrize("step", STEPS)
async def test_an_rdap_record_that_says_it_is_whole(step: int) -> None:
    async with lab() as here:
        for length in range(0, len(RECORD), step):
            here.rdap = answers(raw=RECORD[:length])
            assert await come_of(here, "example.rdap") is Failure.REGISTRATION_UNPARSABLE
        here.rdap = answers(raw=RECORD)
        assert isinstance(await come_of(here, "example.rdap"), RegistrationFacts)


@pytest.mark.parametrize("step", STEPS)
async def test_an_rdap_record_in_a_coding_that_breaks_off(step: int) -> None:
    packed = gzip.compress(RECORD)
    async with lab() as here:
        for length in range(0, len(packed) - CHECKED, step):
            here.rdap = answers(raw=packed[:length], headers={"Content-Encoding": "gzip"})
            assert await come_of(here, "example.rdap") is Failure.REGISTRATION_UNPARSABLE
        here.rdap = answers(raw=packed, headers={"Content-Encoding": "gzip"})
        assert isinstance(await come_of(here, "example.rdap"), RegistrationFacts)


async def test_an_rdap_record_that_lost_its_end_says_that_it_did_in_its_length() -> None:
    """A connection that closes before `Content-Length` is no answer, even where the JSON is whole."""
    async with lab() as here:
        here.rdap = answers(raw=RECORD[:-1] + b" " * 9 + b"}")
        assert isinstance(await come_of(here, "example.rdap"), RegistrationFacts)
        for raw in (RECORD[:-1], RECORD[:-1] + b',"x":[', b"", b"{}", b"[]", b"null", b'"', b"\xef\xbb\xbf"):
            here.rdap = answers(raw=raw)
            assert await come_of(here, "example.rdap") is Failure.REGISTRATION_UNPARSABLE
