"""Hostile run folders: real ones with every file of them changed by a seeded generator, and used as people use runs."""
