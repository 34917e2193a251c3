"""Pictures: what one file becomes, what that takes, and a program that does it for many."""
