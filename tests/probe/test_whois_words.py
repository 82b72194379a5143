"""A refusal is never data, and never "not registered"; what registries say of a free name is understood."""

import pytest

from monitor.probe.whois_reading import Reading, read_whois

REFUSALS = [
    "Error: 55000000002 Connection refused; access control limit exceeded.",
    'Error for "example.test".\n\nThe WHOIS query quota for 192.0.2.1 has been exceeded\nand will be back',
    "WHOIS LIMIT EXCEEDED - SEE WWW.REGISTRY.EXAMPLE/WHOIS FOR DETAILS",
    "Your connection limit exceeded. Please slow down and try again later.",
    "BLACKLISTED: You have exceeded the query limit for your network or IP address",
    "% You have exceeded allowed connection rate. Try again later.",
    "% Query rate limit exceeded. Reduced information.",
    "Requests of this client are not permitted. Please use https://registry.example/whois/ for queries.",
    "request limit exceeded",
    "%% Too many requests, please try again later",
    "%% Maximum query rate reached",
    "% Maximum queries per hour reached",
    "% Excessive querying, grace period of 300 seconds.",
    "% Still in grace period, wait 280 seconds.",
    "-1: Still in grace period, wait 3600 seconds",
    "Number of allowed queries exceeded.",
    "Rate limit exceeded. Try again after: 24h",
    "Error: Ratelimit exceeded",
    "ratelimited",
    "Please maintain at least 30-second intervals between queries",
    "Queried interval is too short.",
    "Maximum Daily connection limit reached. Lookup refused.",
    "% Quota exceeded",
    "ERROR:201: access denied for 192.0.2.1\n\nYou are temporarily denied access",
    "Too many connections from your address.",
    "You have been banned for abuse.",
    "WHOIS lookup for EXAMPLE.TEST can temporarily not be answered. Please try again.",
    "query_status: 440 Request Denied",
    "Error: maximum number of requests per second exceeded",
    "Sorry, too many queries. Please wait.",
    "daily whois-limit exceeded for client",
    "You have reached the maximum number of queries",
]
BUSY = [
    "Your IP address has been blocked.",
    "Access denied",
    "Access from your network is temporarily blocked",
    "Please try again in 60 seconds.",
    "The service is currently unavailable.",
    "Connection refused",
    "Internal server error",
    "Server too busy, retry later",
]
PART = "Domain Name: example.test\nRegistrar: Example Registrar\nCreation Date: 2001-02-03\n"


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize(
    "reply",
    [
        "{}\n",
        "% Terms of use\n% are long\n\n% {}\n",
        "{}\nNo match for domain example.test\n",
        "NOT FOUND\n{}\n",
        PART + "\n{}\n",
        "% {}\n\n" + PART,
    ],
    ids=["alone", "after terms", "before not found", "after not found", "behind a part", "before a part"],
)
def test_a_refusal_is_never_data(refusal: str, reply: str) -> None:
    assert read_whois("example.test", reply.format(refusal)).reading is Reading.LIMITED


@pytest.mark.parametrize("busy", BUSY)
@pytest.mark.parametrize("reply", ["{}\n", "% {}\n", "{}\nNo match for domain example.test\n"])
def test_a_server_that_cannot_answer_says_nothing_of_the_domain(busy: str, reply: str) -> None:
    assert read_whois("example.test", reply.format(busy)).reading is Reading.LIMITED


@pytest.mark.parametrize(
    "reply",
    [
        'No match for "EXAMPLE.TEST".',
        "No match!!",
        "NOT FOUND",
        "Not found: example.test",
        "Domain not found.",
        "DOMAIN NOT FOUND",
        "The queried object does not exist: Domain name not known in Example registry",
        "No Data Found",
        "Domain Status: No Object Found",
        "% No entries found for the selected source(s).",
        "%ERROR:101: no entries found\n%\n% No entries found.",
        "%ERROR:103: Domain is not registered",
        "NO OBJECT FOUND!",
        "% nothing found",
        "*** Nothing found for this query.",
        "% No such domain",
        "Domain name example.test does not exist in database!",
        "Domain Name [example.test] does not exist in database",
        "No information available about domain name example.test in the Registry database.",
        "No information was found matching that query.",
        "Domain: example.test\nStatus: free",
        "Domain:\texample.test\nStatus:\tAVAILABLE",
        "Domain: example.test\nStatus: AVAILABLE (No match for domain)",
        "example.test is free",
        "Available",
        "query_status: 220 Available",
        "example.test: no existe",
        "example.test: no entries found.",
        "example.test - No Match",
        "El dominio no se encuentra registrado en NIC Example",
        "No_Se_Encontro_El_Objeto/Object_Not_Found",
        "No match (Nincs talalat)",
        "# Not found\n\n% The domain is not registered",
        "We do not have an entry in our database matching your query.",
        "This domain name has not been registered.\n",
        "domain example.test is not registered",
        'domain "example.test" not found.',
        "Domain example.test is available for purchase",
        "Data not found. This domain is available for registration",
        'Sorry, but domain: "example.test", not found in database',
        "The requested domain was not found in the Registry or Registrar's WHOIS Server.",
        "The domain has not been registered.",
        "The above domain name is not registered to the registry.",
        "No Found",
        "% No data was found to match the request criteria.",
        "No records matching 'example.test' found.",
        "No record found",
        "Object does not exist",
        "No matching record.",
        "Domain unknown",
        "The domain name example.test could not be found",
        "Not available for registration.",
        "This name is reserved by the registry",
        "Domain Name: example.test\nDomain Status: available",
        "Domain Name: example.test\nStatus: Not Registered",
    ],
)
def test_what_registries_say_of_a_free_name(reply: str) -> None:
    terms = (
        "\n\n% Access to this service is rate limited. You agree that you will not use this data to allow\n"
        "% automated processes. Queries are limited; a domain not found here may be registered elsewhere.\n"
    )
    for text in (reply, reply + terms, terms + "\n" + reply):
        assert read_whois("example.test", text).reading is Reading.NOT_REGISTERED, text


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Hello.",
        "Terms of use: a domain that was not found may be available.",
        "The registration data available in this service is limited.",
        "<html><body>404 Not Found</body></html>",
        "Domain: example.test\nStatus: NOT AVAILABLE maybe",
        "% Whois data is provided as is; no match is guaranteed",
        "Invalid query",
        "Unknown command",
    ],
)
def test_prose_is_no_answer(reply: str) -> None:
    assert read_whois("example.test", reply).reading in {Reading.UNCLEAR, Reading.REGISTERED}


def test_be_says_that_a_registered_name_is_not_available() -> None:
    reply = "Domain:\texample.be\nStatus:\tNOT AVAILABLE\nRegistered:\tTue Dec 12 2000\n"
    assert read_whois("example.be", reply).reading is Reading.REGISTERED
