"""Trust: whether the numbers may be acted on."""
