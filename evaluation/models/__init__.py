"""The models that studies, shadows and simulations compare: one registry, and specifications of them as text."""
