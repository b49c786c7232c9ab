"""Safelight: watch any image generation develop over Server-Sent Events. Holds the version only, so that `--help` stays quick."""

__version__ = "0.1.0"
