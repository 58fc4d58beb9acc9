"""Reading a model: rows, changes and whole versions, and what a reader keeps in the process."""
