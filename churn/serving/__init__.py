"""Serving: the web application in which the team works the lists of a folder of runs."""

from typing import TYPE_CHECKING

from churn.lazy import lazily

if TYPE_CHECKING:
    from churn.serving.access import Link
    from churn.serving.app import application
    from churn.serving.catalogue import Catalogue
    from churn.serving.desk import Desk
    from churn.serving.proxy import Proxy
    from churn.serving.server import add_user, serve
    from churn.serving.store import Store

__all__ = ["Catalogue", "Desk", "Link", "Proxy", "Store", "add_user", "application", "serve"]

__getattr__ = lazily(__name__, __file__)
