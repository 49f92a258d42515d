"""One file per family: command(words) returns one random command as a tuple, or several as a list."""
