"""The benchmark: the service beside its peers in one run, ratios out; `python3 dev.py bench --help`."""
