"""Where the bytes of results are kept, and how they get there safely."""
