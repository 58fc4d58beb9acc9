"""The stored form: names of keys, arrays and rows as blobs, checkpoints and their head documents."""
