"""Shadow models: what they are made of, how they learn beside the served one, and which is better."""
