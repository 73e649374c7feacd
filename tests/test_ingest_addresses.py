"""Which URLs are fetched: what is refused, whatever way it is written, and what tells two URLs apart."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from rage_pg.config import Settings
from rage_pg.errors import InvalidInput
from rage_pg.ingest.addresses import Allowed, addresses_of, is_public, parse_url
from tests.web_stub import Resolver

PUBLIC = "93.184.216.34"
INSIDE = Resolver(["10.0.0.5"])

MALFORMED = [
    "", " ", "shop.example/a.png", "//shop.example/a.png", "/a.png", "a.png", "http:/shop.example/a.png",
    "http:shop.example", "https:///a.png", "http://", "http://?x", "http://#x", "https://:443/a.png",
    "ftp://shop.example/a.png", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO",
    "data:image/png;base64,AA",
    "javascript:alert(1)", "dict://127.0.0.1:11211/", "jar:http://shop.example!/a.png", "HTTPS//shop.example",
    "http://user@shop.example/a.png", "http://user:secret@shop.example/a.png",
    "http://shop.example@127.0.0.1/",
    "http://127.0.0.1:80@shop.example/", "http://@shop.example/", "http://shop.example%40127.0.0.1/",
    "http://shop.example\\@127.0.0.1/", "http:\\\\127.0.0.1\\a.png", "http://127.0.0.1\\.shop.example/",
    "http://shop.example /a.png", "http://shop.example/a b.png", "http://shop.example/\ta.png",
    "http://shop.example\r\nHost: 127.0.0.1", "http://shop.example/\x00", "\nhttp://shop.example/",
    "http://shop.example/\x7f",
    "http://shop.example./a.png", "http://shop..example/", "http://.shop.example/", "http://-shop.example/",
    "http://shop%2eexample/", "http://shop.example:/", "http://shop.example:0/", "http://shop.example:65536/",
    "http://shop.example:80:80/", "http://shop.example:+80/", "http://shop.example:8O/",
    "http://shop,example/",
    "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.1/",
    "http://0x7f.0.0.1/", "http://127.0.0.1./", "http://127.0.0.0x1/", "http://0/", "http://1.2.3.4.5/",
    "http://256.1.1.1/", "http://127.000.000.001/", "http://shop.0x7f/", "http://4294967297/",
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/", "http://ⓛocalhost/", "http://shop.exämple/", "http://shop.example/ä.png",
    "http://\uff53hop.example/",
    "http://shop.example\u200b/", "http://[::1/", "http://::1/", "http://[::1]x/", "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/", "http://[127.0.0.1]/", "http://[]/", "http://[::g]/", "http://[v1.x]/",
    "http://[::1]]/",
    "http://" + "a" * 64 + ".example/", "http://" + "a." * 130 + "example/",
    "http://shop.example/" + "a" * 2_000,
]  # fmt: skip
NOT_PUBLIC = [
    "http://localhost/", "http://LOCALHOST/", "http://foo.localhost/", "http://127.0.0.1/",
    "http://127.255.255.254/",
    "http://0.0.0.0/", "http://0.1.2.3/", "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/", "http://169.254.170.2/", "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://168.63.129.16/", "http://192.0.0.192/", "http://192.0.2.1/", "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/", "http://192.88.99.1/", "http://224.0.0.1/", "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/", "http://[::]/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::ffff:8.8.8.8]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::8.8.8.8]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/",
    "http://[2002:808:808::1]/",
    "http://[2001::1]/", "http://[2001:0:53aa:64c:0:fbff:80ff:fffe]/", "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[fe80::1]/", "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[100::1]/", "http://[5f00::1]/", "http://metadata.google.internal/", "http://vault/",
    "http://db.corp.example/",
    "https://10.0.0.1/", "http://10.0.0.1:8080/", "http://db.corp.example:5432/",
    "http://127.0.0.1:80/#@93.184.216.34/",
]  # fmt: skip


@pytest.mark.parametrize("url", MALFORMED, ids=ascii)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_url(url)
    sentence = str(refused.value)
    assert refused.value.field == "url"
    assert sentence.startswith(("The URL ", "The URL's "))
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert "secret" not in sentence


@pytest.mark.parametrize("url", NOT_PUBLIC)
async def test_an_address_that_is_not_public_is_refused_in_the_same_words(url: str) -> None:
    target = parse_url(url)
    with pytest.raises(InvalidInput) as refused:
        await addresses_of(target, Allowed(), INSIDE)
    assert str(refused.value) == f"There is no public address for {target.host}."


async def test_a_name_that_does_not_exist_is_refused_like_one_that_leads_inside() -> None:
    target = parse_url("https://db.corp.example/")
    for answer in ([], ["10.0.0.5"], ["rubbish"], [PUBLIC, "10.0.0.5"], [PUBLIC, "::1"], ["fe80::1%eth0"]):
        with pytest.raises(InvalidInput, match=r"^There is no public address for db\.corp\.example\.$"):
            await addresses_of(target, Allowed(), Resolver(answer))


async def test_public_addresses_are_taken_as_the_resolver_gave_them() -> None:
    answer = [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"]
    assert await addresses_of(parse_url("https://shop.example/"), Allowed(), Resolver(answer)) == answer
    asked = Resolver([])
    for literal in (PUBLIC, "[2606:2800:220:1::1]"):
        assert await addresses_of(parse_url(f"http://{literal}/"), Allowed(), asked)
    assert asked.asked == []


async def test_other_ports_are_for_hosts_that_are_allowed() -> None:
    target = parse_url("https://shop.example:8443/")
    with pytest.raises(InvalidInput, match="Only port 443 is taken with https, not 8443"):
        await addresses_of(target, Allowed(), Resolver([PUBLIC]))
    with pytest.raises(InvalidInput, match="Only port 80 is taken with http, not 443"):
        await addresses_of(parse_url("http://shop.example:443/"), Allowed(), Resolver([PUBLIC]))
    for entry in ("shop.example", "93.184.216.0/24"):
        assert await addresses_of(target, Allowed.of([entry]), Resolver([PUBLIC])) == [PUBLIC]


async def test_what_is_allowed_is_allowed_exactly() -> None:
    allowed = Allowed.of(["cdn.corp.example", "10.1.0.0/16", "fd00::/8"])
    for url, answer in (
        ("http://cdn.corp.example/", "192.168.0.9"),
        ("http://a.example/", "10.1.2.3"),
        ("http://a.example/", "fd00::5"),
    ):
        assert await addresses_of(parse_url(url), allowed, Resolver([answer])) == [answer]
    assert await addresses_of(parse_url("http://10.1.0.1:9000/"), allowed, INSIDE) == ["10.1.0.1"]
    for url, answers in (
        ("http://a.cdn.corp.example/", ["192.168.0.9"]),
        ("http://cdn.corp.example.evil.example/", ["192.168.0.9"]),
        ("http://a.example/", ["10.1.2.3", "10.2.0.1"]),
        ("http://a.example/", ["::ffff:10.1.2.3"]),
    ):
        with pytest.raises(InvalidInput, match="no public address"):
            await addresses_of(parse_url(url), allowed, Resolver(answers))


def test_the_setting_takes_hosts_and_networks_only() -> None:
    def read(text: str) -> tuple[str, ...]:
        return Settings.from_environment({"RAGE_FETCH_ALLOW": text}).fetch_allow

    assert read(" CDN.corp.example , 10.1.0.0/16,, fd00::/8 ,localhost,cdn1") == (
        "cdn.corp.example", "10.1.0.0/16", "fd00::/8", "localhost", "cdn1",
    )  # fmt: skip
    assert read("") == ()
    for text in (
        "*",
        "*.corp.example",
        "10.1.0.1/16",
        "http://cdn",
        "cdn:80",
        "10.1",
        "a,b c",
        "cdn.example.",
    ):
        with pytest.raises(InvalidInput, match="RAGE_FETCH_ALLOW takes host names and networks"):
            read(text)


@pytest.mark.parametrize(
    "text",
    ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "2606:4700::1"],
)
def test_neighbours_of_what_is_not_public_are_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_a_url_is_known_again_without_what_signs_it() -> None:
    def identity(url: str) -> tuple[str, str]:
        target = parse_url(url)
        return target.root, target.identifier

    assert identity("HTTPS://Shop.Example:443/a.png#top") == ("https://shop.example", "/a.png")
    assert identity("https://shop.example") == ("https://shop.example", "/")
    assert identity("http://shop.example:81/a") == ("http://shop.example:81", "/a")
    one, two = (
        identity("https://shop.example/i?id=1&key=top"),
        identity("https://shop.example/i?id=2&key=top"),
    )
    assert one != two
    assert "top" not in one[1]
    assert one[1].startswith("/i?sha256=")
    plain = identity("https://shop.example/i")
    for query in (
        "X-Amz-Algorithm=A&X-Amz-Credential=C&X-Amz-Date=D&X-Amz-Expires=9&X-Amz-Signature=5",
        "X-Goog-Algorithm=A&X-Goog-Signature=5", "GoogleAccessId=a&Expires=9&Signature=5",
        "Policy=p&Signature=s&Key-Pair-Id=K", "Expires=9&Signature=s&Key-Pair-Id=K",
        "AWSAccessKeyId=A&Expires=9&Signature=5", "sv=1&st=2&se=3&sr=b&sp=r&sig=5",
        "sv=1&ss=b&srt=o&se=3&sp=r&sig=5",
    ):  # fmt: skip
        assert identity(f"https://shop.example/i?{query}") == plain
        assert parse_url(f"https://shop.example/i?{query}").name == "https://shop.example/i?…"
    signed = "AWSAccessKeyId=A&Expires=9&Signature="
    kept = [identity(f"https://shop.example/i?v={version}&{signed}{version}") for version in (1, 1, 2)]
    assert kept[0] == kept[1] != kept[2]
    assert kept[0] == identity("https://shop.example/i?v=1")


def test_what_is_no_complete_signature_tells_images_apart() -> None:
    for one, two in (
        ("token=AAA", "token=BBB"),
        ("id=7&token=x&sp=1", "id=7&token=x&sp=2"),
        ("st=1&access_token=k", "st=2&access_token=k"),
        ("Signature=5&Expires=1", "Signature=5&Expires=2"),
        ("sv=1&sig=5", "sv=2&sig=5"),
        ("X-Amz-Signature=5&X-Amz-Expires=1", "X-Amz-Signature=5&X-Amz-Expires=2"),
        ("exp=1&sig=5", "exp=2&sig=5"),
    ):
        found = [parse_url(f"https://shop.example/render?{query}") for query in (one, two)]
        assert found[0].identifier != found[1].identifier, one
        assert found[0].name == "https://shop.example/render?…"


def test_a_report_tells_no_secret_of_a_url() -> None:
    for name in (
        "key", "api_key", "apikey", "password", "AWSAccessKeyId", "x-amz-security-token", "%53ig", "sig",
        "Signature", "token", "access_token", "client-secret", "session", "auth", "jwt",
    ):  # fmt: skip
        assert "SECRET" not in parse_url(f"https://shop.example/a?id=1&{name}=SECRET").name, name
    for name in ("id", "v", "keyword", "width", "monkey", "design"):
        assert parse_url(f"https://shop.example/a?{name}=1").name == f"https://shop.example/a?{name}=1"


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://shop.example/img/red-lantern_02.png?w=1", "red lantern 02"),
        ("https://shop.example/caf%C3%A9.jpg", "café"),
        ("https://shop.example/", "shop.example"),
        ("https://shop.example/%00%00.png", ".png"),
    ],
)
def test_a_title_comes_from_the_urls_last_part(url: str, title: str) -> None:
    assert parse_url(url).title == title
