"""Strict YAML: configuration files without repeated keys, of which YAML's readers would take the last."""

from typing import Any

import yaml
from jsonargparse import get_loader, set_loader

MODE = "strict_yaml"  # a parser's mode, for jsonargparse


def load(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        yaml.YAMLError: as `check`.

    Example:
        >>> load("data: {events: log}")
        {'data': {'events': 'log'}}
    """
    check(text)
    return get_loader("yaml")(text)


def check(text: str) -> None:
    """Refuse keys that a block repeats, and blocks that contain themselves.

    Raises:
        yaml.YAMLError: for the first one.
    """
    _walk(yaml.compose(text, Loader=yaml.SafeLoader), above=())


def check_stored(text: str) -> None:
    """Refuse aliases, too, by which a few lines of a stranger's text grow without end.

    Raises:
        yaml.YAMLError: as `check`, and for the first alias.
    """
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"an alias, which is not read,\n{event.start_mark}")
    check(text)


def _walk(node: yaml.Node | None, *, above: tuple[yaml.Node, ...]) -> None:
    """Look at a block, its blocks at any depth, and the blocks of lists."""
    if not isinstance(node, yaml.CollectionNode):
        return
    if any(node is one for one in above):
        raise yaml.MarkedYAMLError(problem="a block that stands in itself", problem_mark=node.start_mark)
    seen = set()
    for entry in node.value:
        key, inner = entry if isinstance(node, yaml.MappingNode) else (None, entry)
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} is there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        _walk(inner, above=(*above, node))


set_loader(MODE, load, exceptions=(yaml.YAMLError,))
