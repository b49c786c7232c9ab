import pytest

from safelight.config.load import load
from safelight.errors import ConfigInvalid


def fault(**server):
    """Return the one fault of a [server] with these values, None if it has none."""
    try:
        load(None, {}, [f"server.{key}={value}" for key, value in server.items()])
    except ConfigInvalid as error:
        [only] = error.faults
        return str(only)
    return None


@pytest.mark.parametrize("name", ["host", "admin_host"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.com", "::ffff:192.168.1.4"])
def test_an_address_others_can_reach_needs_a_line_the_fault_says_word_for_word(name, host):
    found = fault(**{name: host})
    assert f"server.{name}" in found
    assert "write allow_anonymous = true in [server]" in found
    assert host not in found
    assert fault(**{name: host, "allow_anonymous": "true"}) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST"])
def test_loopback_needs_nothing(host):
    assert fault(host=host) is None


@pytest.mark.parametrize("host", ["http://localhost", "localhost:8080", "[::1]", "a b", "-x.example", "a" * 64, "a..b", "host/"])
def test_a_host_is_a_name_or_an_address(host):
    assert "host name" in fault(host=host)
    assert "server.allowed_hosts[1]" in fault(allowed_hosts=f'["images.example", "{host}"]').replace("--set ", "")


@pytest.mark.parametrize(
    "url", ["http://images.example", "https://images.example:8443", "https://images.example/", "http://[::1]:8080"]
)
def test_a_public_url_is_where_the_service_is_reached(url):
    assert fault(public_url=url) is None


@pytest.mark.parametrize(
    "url",
    [
        "images.example",
        "ftp://images.example",
        "https://images.example/base",
        "https://h?x=1",
        "https://h#x",
        "https://u:p@h",
        "https://",
        "http://h:x",
        "https://h//",
        "http://[::1",
    ],
)
def test_a_public_url_has_no_path_query_or_credentials(url):
    assert "server.public_url" in fault(public_url=url)


@pytest.mark.parametrize("origin", ["*", "null", "https://a.example/", "https://A.example", "https://a.example:443", "a.example"])
def test_an_origin_is_written_as_browsers_send_it(origin):
    assert "server.allowed_origins[0]" in fault(allowed_origins=f'["{origin}"]').replace("--set ", "")


def test_ordinary_origins_pass():
    assert fault(allowed_origins='["https://a.example", "http://localhost:3000"]') is None


def test_the_admin_port_is_another_one():
    assert "must differ from server.port" in fault(port=8080, admin_port=8080)
    assert fault(port=0, admin_port=0) is None


@pytest.mark.parametrize(
    ("setting", "most"),
    [
        ("data.retention_seconds", 31_536_000_000),
        ("deadlines.total_seconds", 31_536_000_000),
        ("deadlines.cancel_seconds", 31_536_000_000),
        ("streams.laggard_seconds", 86_400),
    ],
)
def test_no_time_is_longer_than_dates_or_the_kernel_can_count(setting, most):
    load(None, {}, [f"{setting}={most}"])
    with pytest.raises(ConfigInvalid, match=f"must be <= {most} @ --set {setting}"):
        load(None, {}, [f"{setting}={most + 1}"])
