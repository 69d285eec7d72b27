"""Tagging: which category an item is of, by its title and picture, and which given categories look wrong."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.tagging.config import ItemConfig, TagConfig
    from churn.tagging.items import Items, read_items
    from churn.tagging.kept import TAGGER, Kept
    from churn.tagging.printout import summary
    from churn.tagging.taggers import Characters, CharactersAndWords, Fused, Pictures, Tagger, TextNetwork, Words
    from churn.tagging.tagging import tag

__all__ = [
    "TAGGER",
    "Characters",
    "CharactersAndWords",
    "Fused",
    "ItemConfig",
    "Items",
    "Kept",
    "Pictures",
    "TagConfig",
    "Tagger",
    "TextNetwork",
    "Words",
    "read_items",
    "summary",
    "tag",
]

__getattr__ = lazily(__name__, __file__)
