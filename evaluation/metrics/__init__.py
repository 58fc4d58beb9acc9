"""Prequential error and ranking, kept current one rating at a time, with states that go into a checkpoint."""
