"""Time formats: the ways to write a time as text, as formats of strptime."""

import re

FORMAT_KEY = "time_format"  # a key in a mapping of columns
_CLOCK = re.compile(
    r"(?P<half>[AaPp]\.?[Mm]\.? |(?:오전|오후) ?)?(?<!\d)\d{1,2}:\d{2}"
    r"(?P<s>:\d{2}(?P<f>[.,]\d+)?)?(?P<end> ?[AaPp](?:[Mm]|\.[Mm]\.))?"
)
_ZONES = {
    "%z": re.compile(r"(?<=[MSfp])[+-]\d{2}(:?\d{2})?\b|(?<= )[+-]\d{2}:?\d{2}\b"),
    "%Z": re.compile(r"\b(GMT|UTC|[A-Z][a-z]+/[A-Z]\w+)\b"),
}
_NAMES = {
    letter: re.compile(rf"\b({names})([a-z]*)\b", re.IGNORECASE)
    for letter, names in (
        ("a", "Mon|Tue|Wed|Thu|Fri|Sat|Sun"),
        ("b", "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"),
    )
}
_ABBREVIATED = re.compile(r"(?<=%[MSfp]) ?([A-Z]{2,5})\b")  # a zone's, behind the time of day
BROWSERS_BLANKS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"  # before AM and PM
_BLANKS = str.maketrans(dict.fromkeys(BROWSERS_BLANKS, " "))
_NUMBER = re.compile(r"(?<![%\d])\d+")
_ORDERS = {  # orders of a date's numbers, by their digits; days and months of two digits may have one
    "44": ("%Y%m%d", "%d%m%Y", "%m%d%Y"),
    "422": ("%Y %m %d",),
    "224": ("%d %m %Y", "%m %d %Y"),
    "222": ("%d %m %y", "%m %d %y", "%y %m %d"),
    "43": ("%Y %j",),
}
_NAMED = {"24": ("%d %Y",), "42": ("%Y %d",), "22": ("%d %y",)}  # beside a month's name


def formats_of(text: str) -> list[str]:
    """The formats by which a text can be read as a time; several where day and month may be confused.

    Example:
        >>> formats_of("03/04/2023 18:05"), formats_of("Wed, 31 Jan 2024 04:25:00 +0900")
        (['%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M'], ['%a, %d %b %Y %H:%M:%S %z'])
        >>> formats_of("soon"), formats_of("2024-01-31 04:25 KST")
        ([], [])
    """
    form = _CLOCK.sub(_of_clock, text.strip().translate(_BLANKS).replace("%", "%%"), count=1)
    if "%M" in form:
        for directive, zone in _ZONES.items():
            form = zone.sub(directive, form)
    form = re.sub(r"(\d{4}-)W(\d{2})-(\d)", r"%G-W%V-%u", form)
    for letter, names in _NAMES.items():
        if found := names.search(form):
            form = form.replace(found[0], f"%{letter.upper() if found[2] else letter}", 1)
    if _ABBREVIATED.search(form):
        return []  # taken for a mere word, it would be UTC
    orders = _orders(form)
    return [_filled(form, order.split()) for order in orders] or ([form] if "%V" in form else [])


def zone_abbreviation(text: str) -> str:
    """The abbreviation of a zone other than UTC that a time ends with; empty text where there is none.

    Example:
        >>> zone_abbreviation("2024-01-31 04:25:33 KST"), zone_abbreviation("2024-01-31 04:25:33 UTC")
        ('KST', '')
    """
    found = _ABBREVIATED.search(_CLOCK.sub(_of_clock, text.translate(_BLANKS), count=1))
    return found[1] if found and found[1] not in ("GMT", "UTC") else ""


def _orders(form: str) -> tuple[str, ...]:
    """The possible orders of the numbers in a date."""
    numbers: list[str] = _NUMBER.findall(form)
    if len(numbers) == 1 and len(numbers[0]) == 8:
        return _ORDERS["44"]
    sizes = "".join(str(max(2, len(number))) for number in numbers)
    return (_NAMED if re.search("%[bB]", form) else _ORDERS).get(sizes, ())


def _filled(form: str, directives: list[str]) -> str:
    left = iter(directives)
    return _NUMBER.sub(lambda _: next(left), form)


def _of_clock(found: re.Match[str]) -> str:
    """The format of a time of day; of a twelve-hour clock where the text says AM or PM."""
    begin, end = found["half"] or "", found["end"] or ""
    seconds = ":%S" * bool(found["s"]) + (f"{found['f'][0]}%f" if found["f"] else "")
    half = f"%p{' ' * begin.endswith(' ')}" if begin else ""
    return f"{half}{'%I' if begin or end else '%H'}:%M{seconds}" + (f"{' ' * end.startswith(' ')}%p" if end else "")
