"""The commands and what ties several rooms together for them."""
