import pytest
from structlog.testing import capture_logs

from safelight.plugins import FaultKind, discover

OFFER = """
@hookimpl
def safelight_providers():
    return [Painter]
"""
PAINTER = """
class Painter(LocalProvider):
    async def generate(self, request, control):
        yield Produced(b"png")
"""


def only_fault(site):
    """Discover; the good plugin is there and one thing is wrong."""
    discovery = site.discover()
    assert list(discovery.providers) == ["good"]
    (fault,) = discovery.faults
    return fault


def test_provider_is_offered_with_who_ships_it(site):
    site.ship_good("safelight-lighthouse", "Lighthouse", plugin="lamp", version="4.5")
    discovery = site.discover()
    assert discovery.faults == ()
    (offer,) = discovery.providers.values()
    assert (offer.cls.__name__, offer.plugin, offer.distribution, offer.version) == (
        "Lighthouse",
        "lamp",
        "safelight-lighthouse",
        "4.5",
    )
    assert discovery.owners == {site.folder / "safelight_lighthouse": "lamp (safelight-lighthouse)"}


def test_lone_module_is_owned_by_its_file(site):
    site.ship_good("lamp", "Lamp", is_package=False)
    discovery = site.discover()
    assert list(discovery.providers) == ["lamp"]
    assert discovery.owners == {site.folder / "lamp.py": "lamp (lamp)"}


def test_installed_distributions_are_looked_at_unless_told_otherwise(site):
    site.ship_good()
    assert "good" in discover().providers


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found' (bad/plugin.py:4)"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (bad/plugin.py:5)"),
        ("raise BaseException('api_key=sk-1234567890abcdef')", "BaseException: api_key=[redacted] (bad/plugin.py:4)"),
        ("def broken(:\n    pass", "SyntaxError: invalid syntax (plugin.py, line 4) (bad/plugin.py:4)"),
        ("Capabilities(cancel='maybe')", "ValueError: 'maybe' is not a valid CancelKind (bad/plugin.py:4)"),
        ("raise GeneratorExit", "GeneratorExit (bad/plugin.py:4)"),
        ("import json\njson.loads('{')", "(bad/plugin.py:5)"),
        (
            "class Mute(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Mute",
            "Mute (bad/plugin.py:7)",
        ),
    ],
    ids=["missing", "exit", "secret", "syntax", "no-such-word", "generator-exit", "deep", "mute"],
)
def test_plugin_that_fails_to_import_is_named_with_its_line(site, source, sentence):
    site.ship_good()
    site.ship("bad", source)
    fault = only_fault(site)
    assert (fault.plugin, fault.distribution, fault.kind) == ("bad", "bad", FaultKind.IMPORT)
    assert fault.sentence.endswith(sentence)


def test_entry_point_that_leads_nowhere_is_named(site):
    site.ship_good()
    site.ship("bad", "")
    (site.folder / "bad" / "plugin.py").unlink()
    fault = only_fault(site)
    assert (fault.kind, fault.sentence) == (FaultKind.IMPORT, "ModuleNotFoundError: No module named 'bad.plugin'")


def test_operator_may_interrupt_an_import(site):
    site.ship("bad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.discover()


def test_second_plugin_of_one_name_is_refused_naming_both(site):
    site.ship_good("zz-second", "Second", plugin="lamp")
    site.ship_good("aa-first", "First", plugin="lamp")
    discovery = site.discover()
    assert list(discovery.providers) == ["first"]
    (fault,) = discovery.faults
    assert (fault.distribution, fault.kind) == ("zz-second", FaultKind.DUPLICATE)
    assert fault.sentence == "plugin 'lamp' of zz-second is refused: aa-first ships one of that name"


def test_second_provider_of_one_name_is_refused_naming_both(site):
    site.ship("zz-second", PAINTER + OFFER, plugin="second")
    site.ship("aa-first", PAINTER + OFFER, plugin="first")
    discovery = site.discover()
    assert discovery.providers["painter"].distribution == "aa-first"
    (fault,) = discovery.faults
    assert (fault.plugin, fault.kind) == ("second", FaultKind.DUPLICATE)
    assert fault.sentence == "provider 'painter' of second (zz-second) is refused: first (aa-first) offers one of that name"


def test_misspelt_hook_is_named_with_what_was_meant(site):
    site.ship_good()
    site.ship("bad", PAINTER + OFFER.replace("safelight_providers", "safelight_provider"))
    fault = only_fault(site)
    assert fault.kind is FaultKind.HOOK
    assert fault.sentence == "unknown hook 'safelight_provider' (did you mean 'safelight_providers'?)"


def test_misspelt_hook_beside_a_right_one_costs_only_itself(site):
    site.ship("half", PAINTER + OFFER + "@hookimpl\ndef safelight_provider():\n    return []\n")
    discovery = site.discover()
    assert list(discovery.providers) == ["painter"]
    assert [fault.kind for fault in discovery.faults] == [FaultKind.HOOK]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "no hook; a plugin has a function safelight_providers marked with @hookimpl"),
        (PAINTER + "def safelight_providers():\n    return [Painter]\n", "safelight_providers is not marked with @hookimpl"),
        ("@hookimpl\ndef safelight_providers(config):\n    return []\n", "Argument(s) {'config'} are declared in the hookimpl"),
        (
            "def __getattr__(name):\n    raise SystemExit(name)\ndef __dir__():\n    return ['trap']\n",
            "SystemExit: safelight_providers",
        ),
    ],
    ids=["none", "unmarked", "arguments", "trap"],
)
def test_plugin_whose_hook_cannot_be_used_is_named(site, source, sentence):
    site.ship_good()
    site.ship("bad", source)
    fault = only_fault(site)
    assert fault.kind is FaultKind.HOOK
    assert sentence in fault.sentence


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("raise RuntimeError('no lamp')", "RuntimeError: no lamp (bad/plugin.py:6)"),
        ("raise SystemExit(1)", "SystemExit: 1 (bad/plugin.py:6)"),
        ("return None", "safelight_providers returned NoneType, not a list of classes"),
        ("return 'painter'", "safelight_providers returned str, not a list of classes"),
        ("yield 1", "safelight_providers returned generator, not a list of classes"),
        ("return []", "safelight_providers returned no class"),
        ("return [3]", "int: not a subclass of LocalProvider or RemoteProvider"),
        ("return [dict]", "dict: not a subclass of LocalProvider or RemoteProvider"),
        ("return [LocalProvider]", "LocalProvider: does not define generate"),
    ],
)
def test_hook_that_raises_or_returns_garbage_is_named(site, body, sentence):
    site.ship_good()
    site.ship("bad", f"@hookimpl\ndef safelight_providers():\n    {body}\n")
    fault = only_fault(site)
    assert (fault.plugin, fault.kind, fault.sentence) == ("bad", FaultKind.PROVIDER, sentence)


def test_asynchronous_hook_is_refused(site):
    site.ship_good()
    site.ship("bad", "@hookimpl\nasync def safelight_providers():\n    return []\n")
    assert only_fault(site).sentence == "safelight_providers returned coroutine, not a list of classes"


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ("name = 'a/b'", "name is not 1 to 64 letters, digits, '_', '-' or '.'"),
        ("capabilities = 'all'", "capabilities is not a Capabilities"),
        ("models = 'arc'", "models is neither a tuple of names nor None"),
        ("waivers = ['all']", "waivers is not a mapping of laws to reasons"),
        ("waivers = {'nothing_goes_back': None}", "waivers is not a mapping of laws to reasons"),
        ("Settings = dict", "Settings is not an attrs class"),
        (
            "Settings = attrs.make_class('Settings', {'max_concurrency': attrs.field(type=int, default=1)})",
            "'max_concurrency' in Settings is a key of the service's own, which never reaches a plugin",
        ),
        ("Options = attrs.make_class('Options', {'what': attrs.field(type=object)})", "Options cannot be described"),
        (
            "Params = attrs.make_class('Params', {'widht': attrs.field(type=int, default=1)})",
            "'widht' is no common parameter (did you mean 'width'?): it belongs in Options",
        ),
    ],
    ids=["name", "capabilities", "models", "waivers", "reasons", "settings", "reserved", "options", "params"],
)
def test_provider_class_that_cannot_be_used_is_named(site, members, sentence):
    site.ship_good()
    site.ship("bad", PAINTER.replace("    async def", f"    {members}\n    async def", 1) + OFFER)
    fault = only_fault(site)
    assert fault.kind is FaultKind.PROVIDER
    assert fault.sentence.startswith(f"Painter: {sentence}")


def test_remote_provider_needs_a_way_to_watch(site):
    site.ship_good()
    source = "class Painter(RemoteProvider):\n    async def submit(self, request, key):\n        return Job('1')\n"
    site.ship("bad", source + OFFER)
    assert only_fault(site).sentence == "Painter: defines neither watch nor poll"


def test_refused_class_leaves_the_others_of_its_plugin(site):
    site.ship("half", PAINTER + "@hookimpl\ndef safelight_providers():\n    return [3, Painter]\n")
    discovery = site.discover()
    assert list(discovery.providers) == ["painter"]
    assert len(discovery.faults) == 1


def test_one_plugin_cannot_wrap_the_hook_of_another(site):
    site.ship_good()
    wrapper = "@hookimpl(wrapper=True)\ndef safelight_providers():\n    yield\n    return []\n"
    site.ship("thief", wrapper)
    assert "good" in site.discover().providers


def test_discovery_itself_says_nothing_in_the_log(site):
    site.ship("bad", "import sys\nsys.exit(3)")
    with capture_logs() as logs:
        site.discover()
    assert logs == []
