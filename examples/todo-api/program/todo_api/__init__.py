"""A small HTTP service that keeps a list of todos."""
