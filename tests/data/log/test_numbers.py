import ibis
import pytest

from churn.data.log.numbers import number_in

WAYS = [
    ("1.5", 1.5, None),
    ("-3", -3, None),
    ("1e3", 1000, None),
    ("12,50 EUR", 12.5, None),
    ("1.012,50 €", 1012.5, None),
    ("$1,012.50", 1012.5, None),
    ("-$3.20", -3.2, None),
    ("\N{MINUS SIGN}3,20 €", -3.2, None),
    ("($1,012.50)", -1012.5, None),
    ("€ (3.20)", -3.2, None),
    ("3,20- EUR", -3.2, None),
    ("3.20 EUR-", None, None),
    ("12 (3)", None, None),
    ("US$ 7.25", 7.25, None),
    ("₩12,000", 12000, "."),
    ("12,000원", 12000, "."),
    ("1'234'567.00 CHF", 1234567, None),
    ("1\N{NARROW NO-BREAK SPACE}234,5 zł", 1234.5, None),
    ("1,234,567", 1234567, None),
    ("0,125", 0.125, None),
    ("1.234", 1234, ","),
    ("1.234", 1.234, "."),
]


def numbers(texts, decimal=None):
    table = ibis.memtable({"sum": texts}, schema={"sum": "string"})
    found = number_in(table, "sum", decimal=decimal, name="stickers.amount").to_pandas()
    return [None if number != number else number for number in found]


@pytest.mark.parametrize(("text", "number", "decimal"), WAYS)
def test_a_number_is_read_whatever_stands_around_it(text, number, decimal):
    assert numbers([text, None, "much"], decimal) == [number, None, None]


def test_the_column_tells_what_a_sign_before_three_digits_is():
    assert numbers(["1.234", "2,50"]) == [1234, 2.5]
    assert numbers(["1,234", "2.50"]) == [1234, 2.5]


@pytest.mark.parametrize("texts", [["1.234", "500"], ["1,234"], ["1,50", "2.50"]], ids=str)
def test_decimals_that_may_be_thousands_are_asked_for(texts, refused):
    with refused("decimals in stickers.amount", "1", "decimal_separator"):
        numbers(texts)
