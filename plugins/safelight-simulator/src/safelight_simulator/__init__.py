"""A provider that plays scripts: every good and bad thing an upstream can do, on demand and by seed."""
