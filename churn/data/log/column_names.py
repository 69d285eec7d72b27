"""Column names: the usual names of each standard column."""

import re

NAMES = {  # the likelier first
    "user_id": "user_id owner creator streamer seller room receiver recipient to customer client member subscriber "
    "player account user uid visitor profile who 고객 회원 사용자 유저 크리에이터 kunde nutzer konto usuario "
    "cliente id",
    "actor_id": "actor_id actor sender fan viewer giver donor buyer author from 팬 보낸",
    "event": "event action activity verb kind type event_name event_type name 행동 이벤트 활동 종류 aktion ereignis "
    "typ accion",
    "timestamp": "timestamp occurred created event_time datetime time when ts at date day 일시 시각 시간 날짜 일자 "
    "zeitpunkt zeitstempel datum zeit fecha hora",
    "amount": "amount total price paid revenue value sum cost spend 금액 가격 결제 betrag preis summe umsatz importe",
    "outcome": "outcome converted conversion successful success won result renewed state status label target 결과 전환 "
    "성공 상태 ergebnis resultado",
    "due": "deadline decided closed ended ends end due resolved answered 마감",
    "joined": "joined launched arrived signup signed registered registration created since first_seen 가입 beitritt "
    "registriert",
}
_WORDS = {standard: words.split() for standard, words in NAMES.items()}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[\W_]+")


def likeness(name: str, standard: str) -> int:
    """A score of how well a column's name fits a standard column; 0 where it does not fit at all.

    Example:
        >>> likeness("customer_id", "user_id") > likeness("customerName", "user_id") > likeness("colour", "user_id")
        True
    """
    plain = _BETWEEN.sub("_", _CAMEL.sub("_", name)).lower().strip("_")
    found = [0]
    for place, word in enumerate(_WORDS[standard]):
        if plain in (word, f"{word}_id", f"{word}_at", f"{word}_on"):
            found.append(300 - place)
        elif word in plain.split("_"):
            found.append(200 - place)
        elif len(word) > 2 - (not word.isascii()) and (plain.startswith(word) or plain.endswith(word)):
            found.append(100 - place)
    return max(found)
