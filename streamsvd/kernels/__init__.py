"""What a model is made of, as arrays: settings, scale, rows in memory, state, and the compiled functions on them."""
