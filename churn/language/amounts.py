"""Amounts of money with their unit, as the language spoken writes them."""

from churn.language.said import Said
from churn.language.saying import dialect, locale


def with_unit(words: str) -> str:
    """The name of an amount with its unit, where that is known.

    Example:
        >>> from churn.language import LabelConfig, say, speaking
        >>> with speaking("en", LabelConfig(currency="EUR")):
        ...     with_unit("expected loss")
        'expected loss (EUR)'
    """
    unit = dialect().currency
    return Said(words if unit is None else f"{words} ({unit})", {"amount": words})


def priced(number: str) -> str:
    r"""An amount of money with its unit, as the language writes it; one that is no ISO 4217 code stands behind.

    Example:
        >>> from churn.language import LabelConfig, say, speaking
        >>> with speaking("ko", LabelConfig(currency="coins")):
        ...     priced("12.50"), priced("–")
        ('12.50\xa0coins', '–')
        >>> from churn.language import LabelConfig, say, speaking
        >>> with speaking("en", LabelConfig(currency="KRW")):
        ...     priced("−1,200")
        '−₩1,200'
    """
    unit = dialect().currency
    if unit is None or not any(map(str.isdigit, number)):
        return number
    from babel.numbers import get_currency_symbol, is_currency

    if not is_currency(unit):
        return f"{number}\u00a0{unit}"
    sign, size = get_currency_symbol(unit, locale()), number.lstrip("+−")
    apart = "\u00a0" if sign[-1].isalpha() else ""
    return f"{number.removesuffix(size)}{sign}{apart}{size}"


class Amount(float):
    """An amount of money, whose unit stands beside it in every message.

    Example:
        >>> from churn.language import LabelConfig, say, speaking
        >>> with speaking("en", LabelConfig(currency="EUR")):
        ...     say("{whole:,.6g} in all", whole=Amount(1234.5))
        '€1,234.5 in all'
    """

    def __format__(self, spec: str) -> str:
        """The number by its format, and its unit."""
        return priced(super().__format__(spec).replace("-", "−"))


def decimals_of_money(otherwise: int) -> int:
    """Digits after the point of an amount: as many as its currency has, or others where it is unknown.

    Example:
        >>> from churn.language import LabelConfig, say, speaking
        >>> with speaking("en", LabelConfig(currency="KRW")):
        ...     decimals_of_money(2)
        0
    """
    from babel.numbers import get_currency_precision, is_currency

    unit = dialect().currency
    return get_currency_precision(unit) if unit is not None and is_currency(unit) else otherwise
