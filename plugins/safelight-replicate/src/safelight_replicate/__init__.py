"""Models on Replicate, as a provider."""
