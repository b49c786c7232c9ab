import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "docs" / "explanation" / "etas.py"


@pytest.fixture(scope="session")
def etas():
    """What the page about ETAs is made with."""
    spec = importlib.util.spec_from_file_location("etas", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
