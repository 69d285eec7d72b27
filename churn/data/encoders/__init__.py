"""Texts and pictures: their numbers, one block at a time, and what each alone says about a target."""
