"""The load: a client in C, built when it is first needed, and what it says."""
