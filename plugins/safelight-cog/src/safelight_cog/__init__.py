"""Models packed with Cog, as a provider."""
