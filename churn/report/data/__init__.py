"""The data: what was read and left out, and what the platform does over time."""
