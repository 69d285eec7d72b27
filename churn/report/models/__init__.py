"""The models: how good each is, how true its chances are, and how it was found."""
