"""Pictures in a terminal: what it can show, and the same picture in each way of showing it."""
