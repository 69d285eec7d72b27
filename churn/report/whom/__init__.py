"""Users to contact, and offers for each: the list, its order and its end."""
