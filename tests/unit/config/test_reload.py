import attrs

from safelight.config.model import Config, Deadlines, Instance, Logs, RouteSettings, Server
from safelight.config.reload import LIVE, reloaded
from safelight.config.sources import all_keys


def test_every_live_setting_is_a_setting():
    assert set(all_keys()) >= LIVE


def test_what_may_change_takes_effect_and_the_rest_waits_for_a_restart():
    new = Config(
        server=Server(port=9000, body_bytes=2048),
        deadlines=Deadlines(total_seconds=60.0),
        logs=Logs(level="debug"),
    )
    taken = reloaded(Config(), new)
    assert taken.changed == ("server.body_bytes", "deadlines.total_seconds", "logs.level")
    assert taken.waiting == ("server.port",)
    assert taken.config == attrs.evolve(new, server=Server(body_bytes=2048))


def test_providers_wait_for_a_restart_and_so_does_a_default_that_is_not_there_yet():
    mine = Instance(plugin="sketch")
    new = Config(default_provider="mine", providers={**Config().providers, "mine": mine})
    taken = reloaded(Config(), new)
    assert (taken.changed, taken.waiting) == ((), ("default_provider", "providers.mine"))
    assert taken.config == Config()


def test_the_default_provider_may_become_another_that_is_there():
    taken = reloaded(Config(), Config(default_provider="simulator"))
    assert (taken.changed, taken.config.default_provider) == (("default_provider",), "simulator")


def test_the_default_provider_may_become_a_route_that_is_there():
    old = Config(routes={"either": RouteSettings(providers=("sketch", "simulator"))})
    taken = reloaded(old, attrs.evolve(old, default_provider="either"))
    assert (taken.changed, taken.config.default_provider) == (("default_provider",), "either")
