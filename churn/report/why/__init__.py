"""Reasons: what moves the chances, and how far the explanation can be believed."""
