"""What a model is called: `owner/name`, `owner/name:version` or `deployments/owner/name`."""

from __future__ import annotations

import re
from typing import Self

import attrs

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_FORM = re.compile(rf"(?P<deployments>deployments/)?(?P<owner>{_PART})/(?P<name>{_PART})(?::(?P<version>[A-Za-z0-9]{{1,100}}))?")


@attrs.frozen
class Reference:
    """
    A model, one version of it, or a deployment.

    Attributes:
        owner: Whose it is.
        name: What it is called.
        version: The version that is pinned, None for whatever is newest.
        is_deployment: Whether it is a deployment, which has a version of its own.
    """

    owner: str
    name: str
    version: str | None = None
    is_deployment: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read a reference.

        Raises:
            ValueError: It has none of the three forms.
        """
        said = _FORM.fullmatch(text)
        if said is None or (said["deployments"] and said["version"]):
            raise ValueError("must be 'owner/name', 'owner/name:version' or 'deployments/owner/name'")
        return cls(said["owner"], said["name"], said["version"], said["deployments"] is not None)

    @property
    def path(self) -> str:
        """Where the API shows it."""
        return f"{'deployments' if self.is_deployment else 'models'}/{self.owner}/{self.name}"
