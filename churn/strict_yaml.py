"""Strict YAML: configuration files without aliases, in which no key stands twice: YAML's readers take the last."""

from collections.abc import Iterator
from typing import Any

import yaml
from jsonargparse import get_loader, set_loader

MODE = "strict_yaml"  # a parser's mode, for jsonargparse


def load(text: str) -> Any:
    """What a text says.

    Raises:
        yaml.YAMLError: as `check`.

    Example:
        >>> load("data: {events: log}")
        {'data': {'events': 'log'}}
    """
    check(text)
    return get_loader("yaml")(text)


def check(text: str) -> None:
    """Refuse keys that a block repeats, and aliases, by which a few lines grow without end.

    Raises:
        yaml.YAMLError: for the first one.
    """
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"an alias, which is not read,\n{event.start_mark}")
    for key in _repeated(yaml.compose(text, Loader=yaml.SafeLoader)):
        raise yaml.MarkedYAMLError(problem=f"the key {key.value} is there twice", problem_mark=key.start_mark)


def _repeated(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The keys that stand again in their block, at any depth; the blocks of a list, too."""
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            yield from _repeated(entry)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _repeated(value)


set_loader(MODE, load, exceptions=(yaml.YAMLError,))
