"""What crosses the program's border: files, the terminal, signals, the user's cache, plug-ins of other packages."""
