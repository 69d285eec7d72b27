"""The worth of calling, and how many to call."""
