"""From tables of any engine to daily counts: values are read, and every row is used or rejected by reason."""
