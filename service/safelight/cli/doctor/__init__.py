"""Examinations: of this machine, and of what lies between it and a service."""
