"""How errors are worded at the end."""

from safelight.providers import ProviderUnavailable
from safelight.runner import endings


class HouseOnFire(ProviderUnavailable):
    """A plugin's own kind."""

    code = "house_on_fire"


def test_a_plugins_own_kind_of_error_keeps_its_sentence_and_says_a_known_word():
    ending = endings.of_error(HouseOnFire("It burns."))
    assert (ending.error, ending.code, ending.retryable) == ("It burns.", "provider_unavailable", True)
