"""Endpoints behind fal's queue, and its clones, as a provider."""
