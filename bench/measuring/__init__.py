"""How things are measured: on which core, against what, with which spread."""
