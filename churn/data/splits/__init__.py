"""Splits: windows to train on, to choose by and to test on, none of which sees another's outcome."""
