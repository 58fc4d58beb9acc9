"""Studies of a history: comparisons, searches for settings, simulation runs, peers, and their tables and pictures."""
