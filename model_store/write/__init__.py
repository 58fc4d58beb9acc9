"""Writing a checkpoint: its commands, staged rows, shadows, and the fence."""
