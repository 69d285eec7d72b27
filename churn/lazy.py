"""Lazy imports: a package's names are loaded when they are used, so that a light command loads nothing heavy."""

import ast
import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


def lazily(package: str, file: str) -> Callable[[str], Any]:
    """A package's `__getattr__`, which imports the names listed under `if TYPE_CHECKING:` in the package's file.

    So names are listed once, where type checkers read them. No name may also be a module's of the package: loading
    that module would replace the name. `dir` of the package shows its `__all__`, loaded or not.

    Example:
        >>> import churn.data
        >>> churn.data.SplitConfig.__module__
        'churn.data.config.split_config'
        >>> churn.data.nonsense
        Traceback (most recent call last):
        AttributeError: module 'churn.data' has no attribute 'nonsense'
        >>> "SplitConfig" in dir(churn.data), "lazily" in dir(churn.data)
        (True, False)
    """
    module = vars(sys.modules[package])
    module["__dir__"] = lambda: sorted({*module["__all__"], *(name for name in module if name.startswith("__"))})

    def load(name: str) -> Any:
        if name not in (homes := _homes(file)):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    return load


@cache
def _homes(file: str) -> dict[str, str]:
    """The module of each name that a file imports under `if TYPE_CHECKING:`."""
    blocks = [block for block in ast.parse(Path(file).read_text("utf-8")).body if isinstance(block, ast.If)]
    imports = [line for block in blocks for line in block.body if isinstance(line, ast.ImportFrom)]
    return {alias.name: line.module for line in imports if line.module for alias in line.names}
