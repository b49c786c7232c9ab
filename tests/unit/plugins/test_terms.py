"""What an instance takes may be its upstream's word: it is believed only as far as it makes sense, and at the moment it is used."""

import attrs
import pytest
from structlog.testing import capture_logs

from safelight.describing import describe
from safelight.errors import InstanceUnavailable, InvalidInput
from safelight.generation import Request
from safelight.instances import Instances, ProviderInstance
from safelight.plugins import Offer
from safelight.providers import Capabilities, Durability, LocalProvider, RemoteProvider, Succeeded, Terms
from safelight.routing import make_route


@attrs.frozen(kw_only=True)
class Narrow:
    steps: int = attrs.field(default=4, validator=attrs.validators.le(8))


@attrs.frozen(kw_only=True)
class Wide:
    colour: str = "red"


class Lamp(LocalProvider):
    """Takes steps."""

    Params = Narrow

    async def generate(self, request, control):
        yield Succeeded()


class Shy(Lamp):
    """Knows nothing of itself."""

    @property
    def terms(self):
        raise SystemExit(3)

    capabilities = terms


class FarAndShy(RemoteProvider):
    """Knows as little, and its jobs may cost money."""

    capabilities = Shy.capabilities

    async def submit(self, request, key):
        raise NotImplementedError


@pytest.fixture
def lamp():
    return Lamp(None, None)


@pytest.fixture
def instance(lamp):
    offer = Offer(cls=Lamp, plugin="lamp", distribution="safelight-lamp", version="1")
    return ProviderInstance(name="lamp", offer=offer, provider=lamp, session=None)


@pytest.fixture
def admitted(instance):
    def admit(**parts):
        request = Request(prompt="p", **{"params": {}, "options": {}} | parts)
        [candidate] = make_route(["lamp"], request, Instances({"lamp": instance}))
        return candidate.request

    return admit


def test_a_class_speaks_for_its_instances_unless_they_know_better(lamp, instance, admitted):
    assert admitted(params={"steps": 8}).params == Narrow(steps=8)
    assert list(describe(instance, "lamp")["options"]["properties"]) == []
    lamp.terms = Terms(params=Wide, options=Wide)
    assert instance.terms.fault == "'colour' is no common parameter: it belongs in Options"
    lamp.terms = Terms(params=Narrow, options=Wide)
    assert admitted(options={"colour": "blue"}).options == Wide(colour="blue")
    assert list(describe(instance, "lamp")["options"]["properties"]) == ["colour"]
    with pytest.raises(InvalidInput, match=r"options\.color"):
        admitted(options={"color": "blue"})


def test_a_model_may_be_named_where_there_are_some_and_is_refused_where_there_are_none(lamp, instance, admitted):
    with pytest.raises(InvalidInput, match="no models to choose from @ model"):
        admitted(model="argand")
    assert describe(instance, "lamp")["models"] == []
    lamp.terms = Terms(params=Narrow, options=Wide, models=("argand", "arc"))
    assert admitted(model="arc").model == "arc"
    assert describe(instance, "lamp")["models"] == ["argand", "arc"]
    with pytest.raises(InvalidInput, match=r"unknown model \(did you mean 'argand'\?\); it takes 'argand', 'arc' @ model"):
        admitted(model="argant")
    lamp.terms = attrs.evolve(lamp.terms, models=None)
    assert admitted(model="anything").model == "anything"
    assert "models" not in describe(instance, "lamp")


def test_every_fault_of_a_request_is_told_the_model_among_them(admitted):
    with pytest.raises(InvalidInput) as error:
        admitted(model="argand", params={"stepz": 1})
    assert [fault.path for fault in error.value.faults] == ["model", "params.stepz"]


def test_an_instance_that_is_not_ready_refuses_with_its_reason_until_it_is(lamp, instance, admitted):
    lamp.terms = Terms(params=Narrow, options=Wide, fault="The server is starting.")
    with pytest.raises(InstanceUnavailable, match=r"The server is starting\."):
        admitted()
    described = describe(instance, "lamp")
    assert (described["available"], described["fault"]) == (False, "The server is starting.")
    lamp.terms = attrs.evolve(lamp.terms, fault=None)
    assert admitted()
    assert describe(instance, "lamp")["available"]


@pytest.mark.parametrize(
    "terms",
    [
        *(5, "no", Terms(params=int, options=Wide), Terms(params=Narrow, options=None)),
        *(Terms(params=Narrow, options=Wide, models=models) for models in ("arc", ["arc"], (1,), 5)),
    ],
)
def test_terms_that_make_no_sense_make_the_instance_unavailable_and_nothing_else(lamp, instance, admitted, terms):
    lamp.terms = terms
    with pytest.raises(InstanceUnavailable):
        admitted()
    assert not describe(instance, "lamp")["available"]


def test_capabilities_are_what_the_instance_knows_by_now(lamp, instance):
    assert instance.capabilities.durability is Durability.PROCESS
    lamp.capabilities = Capabilities(durability=Durability.REMOTE)
    assert instance.capabilities.durability is Durability.REMOTE
    lamp.capabilities = "all"
    assert instance.capabilities == Capabilities()


def test_what_a_provider_cannot_say_of_itself_stops_nobody_and_is_named(instance, admitted):
    shy = attrs.evolve(instance, provider=Shy(None, None))
    with capture_logs() as logs:
        described = describe(shy, "lamp")
    assert (described["available"], described["fault"]) == (False, "its terms raised SystemExit")
    assert {(line["event"], line["provider"], line["plugin"], line["reason"]) for line in logs} == {
        ("provider_nonsense", "lamp", "lamp", "terms: SystemExit: 3"),
        ("provider_nonsense", "lamp", "lamp", "capabilities: SystemExit: 3"),
    }


@pytest.mark.parametrize(("cls", "durability"), [(Shy, Durability.PROCESS), (FarAndShy, Durability.REMOTE)])
def test_whoever_cannot_say_what_a_job_depends_on_is_not_taken_for_one_that_costs_nothing(instance, cls, durability):
    assert attrs.evolve(instance, provider=cls(None, None)).capabilities.durability is durability
