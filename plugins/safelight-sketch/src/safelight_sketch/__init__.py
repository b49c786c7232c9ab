"""Safelight's embedded provider: it paints a procedural picture from the prompt, with no key, no model and no network."""
