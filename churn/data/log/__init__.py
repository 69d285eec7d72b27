"""The log: tables of any engine are turned into daily counts, and every row is used or rejected by reason."""
