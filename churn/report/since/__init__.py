"""The outcomes of earlier lists, and of this one where it is known."""
