import attrs

from safelight.config.model import Instance
from safelight.plugins import Discovery, Offer
from safelight.providers import LocalProvider, Secret
from safelight.redaction import MASK, redactor
from safelight.settings import check_instances


@attrs.frozen(kw_only=True)
class Settings:
    pass_phrase: Secret
    others: tuple[Secret, ...] = ()


class Locked(LocalProvider):
    """Opens with a secret."""

    Settings = Settings

    async def generate(self, request, control):
        return
        yield


def test_a_secret_that_stands_in_the_file_as_it_is_is_masked_from_the_check_on():
    offer = Offer(cls=Locked, plugin="locked", distribution="locked", version="1")
    settings = {"pass_phrase": "open-sesame", "others": ["open-barley"]}
    assert check_instances({"door": Instance(plugin="locked", settings=settings)}, Discovery(providers={"locked": offer})) == ()
    assert redactor.text("open-sesame, open-barley") == f"{MASK}, {MASK}"
