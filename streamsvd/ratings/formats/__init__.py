"""The formats of ratings files, one module each."""
