"""One command a module, of the module's name; nothing heavy is imported before a command runs."""
