"""A provider that says what the benchmark wants, when it wants it; nothing is installed, this folder is put on the path."""
