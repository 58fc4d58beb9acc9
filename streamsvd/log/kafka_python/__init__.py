"""The log through kafka-python."""
