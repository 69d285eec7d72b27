"""Which windows are trained on, chosen by and tested on, so that none sees another's outcome."""
