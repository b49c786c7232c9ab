"""Which proxy it is, and what mends it."""

import pytest

from safelight.cli.doctor.proxies import ALB, CADDY, CLOUDFLARE, CLOUDFRONT, ENVOY, NGINX, TRAEFIK, Trouble, recognise, remedies

URL = "https://pictures.example.com"


@pytest.mark.parametrize(
    ("headers", "url", "proxies"),
    [
        ({"Server": "safelight"}, URL, ()),
        ({"Server": "nginx/1.22.1"}, URL, (NGINX,)),
        ({"server": "openresty"}, URL, (NGINX,)),
        ({"Server": "safelight", "Via": "1.1 Caddy"}, URL, (CADDY,)),
        ({"Server": "cloudflare", "CF-RAY": "8f-FRA", "Via": "1.1 Caddy"}, URL, (CLOUDFLARE, CADDY)),
        ({"Server": "safelight", "Via": "1.1 x.cloudfront.net (CloudFront)", "X-Amz-Cf-Id": "x"}, URL, (CLOUDFRONT,)),
        ({"Server": "awselb/2.0"}, URL, (ALB,)),
        ({"Server": "safelight", "Set-Cookie": "AWSALB=x; Path=/"}, URL, (ALB,)),
        ({"Server": "safelight"}, "http://pictures-1.eu-central-1.elb.amazonaws.com", (ALB,)),
        ({"x-envoy-upstream-service-time": "3"}, URL, (ENVOY,)),
        ({}, URL, ()),
    ],
)
def test_proxies_are_recognised_by_what_they_leave_in_an_answer(headers, url, proxies):
    assert recognise(headers, url) == proxies


@pytest.mark.parametrize("trouble", Trouble)
def test_where_none_shows_itself_each_usual_one_has_its_line(trouble):
    names = [line for line in remedies((), trouble) if not line.startswith(" ")]
    assert names == [f"{name}:" for name in (NGINX, CADDY, TRAEFIK, ALB)]


def test_remedy_is_that_of_the_proxy_that_was_found():
    assert remedies((NGINX,), Trouble.BUFFERING)[:2] == ("nginx:", "  proxy_buffering off;")
