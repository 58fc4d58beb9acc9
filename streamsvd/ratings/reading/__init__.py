"""What all formats of ratings files share: opening a file, reading it in blocks, checking its fields."""
