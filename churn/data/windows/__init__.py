"""From daily counts to windows: the panel, its features, and the offsets into it."""
