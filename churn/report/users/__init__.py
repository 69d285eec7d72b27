"""Users who differ: from the others, from each other, and from their own past."""
