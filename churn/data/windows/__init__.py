"""Windows made of daily counts: the panel, its features, and the offsets into it."""
