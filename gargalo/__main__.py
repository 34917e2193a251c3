"""`python -m gargalo`."""

from .cli import main

main()
