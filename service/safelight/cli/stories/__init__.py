"""The story of one generation, from its journal to paper."""
