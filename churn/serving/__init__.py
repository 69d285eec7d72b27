"""Serving: the web application in which the team works the lists of a folder of runs."""
