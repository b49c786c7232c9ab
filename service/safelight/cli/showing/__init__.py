"""How a generation is shown: a bar on a terminal, plain lines elsewhere, JSON for machines."""
