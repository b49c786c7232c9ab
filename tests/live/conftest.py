"""The service as the end-to-end tests have it; those fixtures are used here as they are."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("end_to_end", Path(__file__).parents[1] / "e2e" / "conftest.py")
_end_to_end = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_end_to_end)

launch = _end_to_end.launch
eventually = _end_to_end.eventually
