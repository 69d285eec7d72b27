"""From a raw event log to a list of users to contact."""

__version__ = "0.1.0"
