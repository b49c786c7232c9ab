import attrs

from safelight.fields import descriptions
from safelight.schemas import json_schema


@attrs.frozen(kw_only=True)
class Lamp:
    """
    A lamp.

    Not a candle: see `Candle`.

    Attributes:
        colour: What it shines in,
            mostly: red.
        watts: How much it takes.

    Nothing else.
    """

    colour: str = "red"
    watts: int = attrs.field(default=15, metadata={"description": "Its power."})
    is_on: bool = False


def test_a_field_is_described_by_its_metadata_else_by_the_docstring():
    assert descriptions(Lamp) == {"colour": "What it shines in, mostly: red.", "watts": "Its power."}


def test_the_schema_carries_both():
    properties = json_schema(Lamp)["properties"]
    assert [properties[name].get("description") for name in ("colour", "watts", "isOn")] == [
        "What it shines in, mostly: red.",
        "Its power.",
        None,
    ]
