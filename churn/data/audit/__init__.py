"""Audits of the data: health, leaks and drift, in numbers and in sentences."""
