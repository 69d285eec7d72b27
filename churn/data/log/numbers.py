"""Numbers written as text: with a currency, separators between thousands, and a decimal comma or point."""

import ibis

from churn.data.log.dialects import dialect_of
from churn.errors import UserError

_CURRENCY = r"([A-Z]{3}|(US|R|A|C)?[$]|[€£¥₩₹₽₺₫฿元円원]|kr|zł|Kč|Fr)[.]?"
_CLEAN = (  # the number alone: no currency before or after it, its sign first, no spaces or apostrophes within
    ("[\N{MINUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}]", "-"),
    (r"^([^0-9]*)\(([^()]+)\)([^0-9]*)$", r"-\1\2\3"),  # (12.50), as accountants write what is negative
    (rf"^([+-]?)\s*{_CURRENCY}\s*", r"\1"),
    (rf"\s*{_CURRENCY}$", ""),
    (r"^([0-9][^-]*)-$", r"-\1"),  # 12.50-, as some ledgers do
    ("[\\s'’\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", ""),
)
_SIGNS = {".": ",", ",": "."}  # before decimals, and then between thousands


def number_in(table: ibis.Table, column: str, *, decimal: str | None, name: str) -> ibis.Value:
    """The numbers of a column of text; null for text that is not a number.

    The column shows whether a comma or a point stands before decimals; a sign before three digits, as in 1.234,
    does not.

    Args:
        table: The table.
        column: The column's name in it.
        decimal: The sign before decimals that the configuration names.
        name: The column in messages, such as stickers.amount.

    Raises:
        UserError: where a sign may stand before decimals or between thousands.

    Example:
        >>> paid = ibis.memtable({"sum": ["12,50 EUR", "€ 1.000", "free"]})
        >>> number_in(paid, "sum", decimal=None, name="stickers.amount").execute().tolist()
        [12.5, 1000.0, nan]
    """
    text = table[column].strip()
    for pattern, kept in _CLEAN:
        text = text.re_replace(pattern, kept)
    sign = decimal or _decimal(text, name=name)
    text = ibis.ifelse(text.re_search(_shape(sign)), text, None).replace(_SIGNS[sign], "").replace(sign, ".")
    return dialect_of(table).number(text)


def _shape(sign: str) -> str:
    """A pattern of numbers with a sign before decimals, and the other sign between thousands or nowhere."""
    return rf"^[+-]?(\d{{1,3}}([{_SIGNS[sign]}]\d{{3}})+|\d*)([{sign}]\d*)?([eE][+-]?\d+)?$"


def _proof(sign: str) -> str:
    """A pattern of numbers that prove a sign's role: before decimals, or the other sign between thousands."""
    other = _SIGNS[sign]
    groups = rf"\d{{1,3}}([{other}]\d{{3}})"
    return (
        rf"^[+-]?({groups}+|\d*)[{sign}](\d{{0,2}}|\d{{4,}})([eE][+-]?\d+)?$"
        rf"|^[+-]?({groups}+|\d{{4,}}|0*)[{sign}]\d+$|^[+-]?{groups}{{2,}}$"
    )


def _decimal(text: ibis.Value, *, name: str) -> str:
    text = text.name("text")
    table = text.as_table()
    proofs = {"point": table.text.re_search(_proof(".")), "comma": table.text.re_search(_proof(","))}
    open_ = table.text.re_search(r"^[+-]?\d{1,3}[.,]\d{3}$")
    found = table.aggregate(**{k: v.sum() for k, v in proofs.items()}, open=open_.sum()).to_pandas().iloc[0].fillna(0)
    if bool(found.point) != bool(found.comma):
        return "." if found.point else ","
    if not found.point and not found["open"]:
        return "."
    sample = table.filter(proofs["comma"] if found.point else open_).limit(1).to_pandas().text[0]
    raise UserError(
        f"expected decimals in {name} that can be read in one way",
        repr(sample),
        'say `data.csv: {decimal_separator: ","}` or `data.csv: {decimal_separator: "."}`',
    )
