"""Plugins by strangers that cannot be used, or only in part, as installed: what `safelight plugins` says, and that all else serves."""

import pytest

OFFER = """
from safelight.providers import LocalProvider, Produced, hookimpl

class {name}(LocalProvider):
    async def generate(self, request, control):
        yield Produced(b"by a stranger")

@hookimpl
def {hook}():
    return [{name}]
"""
GOOD = OFFER.format(name="Stranger", hook="safelight_providers")
BROKEN = {
    "raises": ("raise RuntimeError('the darkroom is flooded')", "import: RuntimeError: the darkroom is flooded (broken.py:1)"),
    "misses": ("import no_such_enlarger", "import: ModuleNotFoundError: No module named 'no_such_enlarger' (broken.py:1)"),
    "exits": ("import sys\nsys.exit(3)", "import: SystemExit: 3 (broken.py:2)"),
    "is-no-python": ("def broken(:\n    pass", "import: SyntaxError: invalid syntax (broken.py, line 1) (broken.py:1)"),
    "cancels": ("import asyncio\nraise asyncio.CancelledError", "import: CancelledError (broken.py:2)"),
    "exits-when-asked-why": (
        "class Mute(Exception):\n    def __str__(self):\n        raise SystemExit(3)\nraise Mute",
        "import: Mute (broken.py:4)",
    ),
    "misspells": (
        OFFER.format(name="Stranger", hook="safelight_provider"),
        "hook: unknown hook 'safelight_provider' (did you mean 'safelight_providers'?)",
    ),
    "forgets-the-mark": (GOOD.replace("@hookimpl", ""), "hook: safelight_providers is not marked with @hookimpl"),
    "offers-garbage": (
        GOOD.replace("[Stranger]", "[3]"),
        "provider: int: not a subclass of LocalProvider or RemoteProvider",
    ),
    "exits-in-the-hook": (GOOD.replace("return [Stranger]", "raise SystemExit(3)"), "provider: SystemExit: 3 (broken.py:10)"),
}


def faults(result):
    """What `safelight plugins` names below its table; that is its task, so its exit code is 0."""
    assert (result.returncode, result.stderr) == (0, "")
    return [line for line in result.stdout.splitlines() if line.split()[1].startswith("(")]


def offers(result):
    """Who offers what, by the table of `safelight plugins`."""
    lines = [line for line in result.stdout.splitlines() if line not in faults(result) and " does not keep '" not in line]
    rows = [line.split() for line in lines]
    assert rows.pop(0) == ["PROVIDER", "DISTRIBUTION", "VERSION", "PLUGIN"]
    return {provider: distribution for provider, distribution, _, _ in rows}


def assert_serves(service, provider="sketch"):
    """A generation succeeds and both probes are content."""
    generation = service.create(providerId=provider, options={"seconds": 0} if provider == "sketch" else {})["sessionId"]
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        *_, (_, end) = stream
    assert end["status"] == "succeeded", end
    for probe in ("/livez", "/readyz"):
        assert service.call("GET", probe, port=service.admin_port)[0] == 200


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_broken_plugin_is_one_line_of_the_list_and_an_unavailable_provider_of_a_service_that_is_up(
    site, safelight, launch, source, reason
):
    site.ship("broken", source)
    result = safelight("plugins", **site.env)
    assert faults(result) == [f"broken (broken), {reason}"]
    assert offers(result)["sketch"] == "safelight-sketch"

    service = launch(env=site.env, providers__broken__plugin="broken").is_up()
    kind, _, sentence = reason.partition(": ")
    service.logged("plugin_refused", plugin="broken", distribution="broken", kind=kind, reason=sentence)
    unavailable = service.logged("provider_unavailable", provider="broken")
    assert sentence in unavailable["reason"]
    status, problem = service.call("POST", "/v1/generations", {"prompt": "a lighthouse", "providerId": "broken"})
    assert (status, problem["code"]) == (503, "provider_unavailable")
    assert sentence in problem["detail"]
    assert_serves(service)
    assert service.left() == 0


def test_every_broken_plugin_is_named_at_once(site, safelight):
    for number, (source, _) in enumerate(BROKEN.values()):
        site.ship(f"broken-{number}", source)
    named = [line.partition(" ")[0] for line in faults(safelight("plugins", **site.env))]
    assert named == [f"broken-{number}" for number in range(len(BROKEN))]


def test_provider_of_a_broken_plugin_is_told_of_that_plugin_alone_and_below_the_table(site, safelight):
    source, reason = BROKEN["raises"]
    site.ship("broken", source)
    site.ship("other", BROKEN["exits"][0])
    result = safelight("providers", "--set", "providers.broken.plugin=broken", **site.env)
    *table, told = result.stdout.splitlines()
    assert told == f"broken is not available: unknown plugin 'broken'; broken (broken): {reason.partition(': ')[2]}"
    assert ["broken", "?", "not", "available"] in [line.split() for line in table]


def test_name_of_a_built_in_provider_is_refused_to_a_stranger(site, safelight, launch):
    site.ship("aa-stranger", OFFER.format(name="Sketch", hook="safelight_providers"))
    result = safelight("plugins", **site.env)
    sentence = "provider 'sketch' of aa-stranger (aa-stranger) is refused: sketch (safelight-sketch) offers one of that name"
    assert faults(result) == [f"aa-stranger (aa-stranger), duplicate: {sentence}"]
    assert offers(result)["sketch"] == "safelight-sketch"

    service = launch(env=site.env).is_up()
    service.logged("plugin_refused", distribution="aa-stranger", kind="duplicate", reason=sentence)
    assert_serves(service)
    assert service.left() == 0


def test_name_of_a_built_in_plugin_is_refused_to_a_stranger(site, safelight, launch):
    site.ship("aa-stranger", GOOD, plugin="sketch")
    result = safelight("plugins", **site.env)
    sentence = "plugin 'sketch' of aa-stranger is refused: safelight-sketch ships one of that name"
    assert faults(result) == [f"sketch (aa-stranger), duplicate: {sentence}"]
    assert "stranger" not in offers(result)

    service = launch(env=site.env).is_up()
    service.logged("plugin_refused", distribution="aa-stranger", kind="duplicate", reason=sentence)
    assert_serves(service)
    assert service.left() == 0


def test_of_two_strangers_with_one_provider_name_the_first_serves_and_the_second_is_named(site, safelight, launch):
    site.ship("second", GOOD)
    site.ship("first", GOOD)
    result = safelight("plugins", **site.env)
    sentence = "provider 'stranger' of second (second) is refused: first (first) offers one of that name"
    assert faults(result) == [f"second (second), duplicate: {sentence}"]
    assert offers(result)["stranger"] == "first"

    service = launch(env=site.env, providers__stranger__plugin="stranger").is_up()
    service.logged("plugin_refused", distribution="second", kind="duplicate", reason=sentence)
    assert_serves(service, "stranger")
    assert_serves(service)
    assert service.left() == 0
