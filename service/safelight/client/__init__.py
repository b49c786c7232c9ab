"""A service as those use it who ask for pictures: over HTTP, or in this very process; the callers cannot tell."""
