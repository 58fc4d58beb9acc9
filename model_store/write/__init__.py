"""Writing a checkpoint: its commands, staged rows, and what is written beside the served model."""
