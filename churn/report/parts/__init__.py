"""Parts of a section: blocks, tables, charts, and numbers in words."""
