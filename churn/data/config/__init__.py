"""The `data:` block: tables, windows, split and attributes."""
