"""Dialect: the house's words in a message, exchanged for the platform's own before values are put in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Self

from churn.language.labels import LabelConfig

Words = tuple[tuple[str, str, str], ...]  # the house's word, the platform's, and its plural
_KOREAN = {"user": "사용자", "churn": "이탈", "sticker": "스티커"}
_KEPT = r"\{[^{}]*\}|\w+(?:\.\w+)+"  # values, and names of keys and files such as data.stickers, are no prose
_OWN_NAME = r"\bchurn (?=\{version|outcomes\b)"  # the program's, which has a word of the house for a name
_NOUN = r"(\ban? )?\b(stickers received|(?:user|churner|churn|sticker)s?)\b(’(?!\w))?"
_ENGLISH = re.compile(rf"{_KEPT}|{_OWN_NAME}|{_NOUN}|\b(receiv(?:e|es|ed|ing))\b", re.IGNORECASE)
_HAVING = {"receive": "have", "receives": "has", "received": "had", "receiving": "having"}  # a purchase is not received
_PLAIN = re.compile(r"[A-Za-z][A-Za-z -]*")
_HEARD = re.compile(r"(?!eu|uni|us[aeiu]|one\b|once\b)[aeiou]|hono|hour|heir", re.IGNORECASE)  # a vowel begins it
_PARTICLES = {"을": "를", "이": "가", "은": "는", "과": "와", "으로": "로"}  # after a consonant, after a vowel
_FOLLOWS = f"(?:({'|'.join([*_PARTICLES, *_PARTICLES.values()])})(?![가-힣])|(과|와|으로|로)(?=[의는도서만써]|부터))?"
_TAKEN = {"지금까지 받은 스티커": "지금까지의 스티커", "받은 스티커": "스티커", "스티커 수령": "스티커 발생"}
_RECORDED = {"은": "한", "을": "할", "는": "하는", "았": "했", "아": "해", "으": "하", "습": "합"}  # 받다 as 기록하다
_FIRST, _LAST, _ENDINGS, _RIEUL = "가", "힣", 28, 8  # Korean syllables, and how the last consonant numbers them


@dataclass(frozen=True)
class Dialect:
    """The words of one platform in one language."""

    language: str = "en"
    words: Words = ()
    currency: str | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    fans: bool = True  # whether others than the users themselves act

    @classmethod
    def of(cls, labels: LabelConfig, language: str, *, fans: bool) -> Self:
        """A language with the words that labels put in place of its own."""
        named = {house: getattr(labels, house) for house in _KOREAN}
        words = tuple((house, *_forms(label, language)) for house, label in named.items() if label)
        return cls(language, words, labels.currency, labels.events, fans)

    def put(self, message: str) -> str:
        """A message in the platform's words.

        Example:
            >>> dialect = Dialect.of(LabelConfig(user="account", sticker="order"), "en", fans=True)
            >>> dialect.put("A user’s sticker of {users}, by data.stickers: Users with a sticker")
            'An account’s order of {users}, by data.stickers: Accounts with an order'
        """
        return _put(message, self.language, self.words) if self.words else message


@cache  # messages are few, and each may be said of thousands of users
def _put(message: str, language: str, words: Words) -> str:
    one, many = ({house: forms[number] for house, *forms in words} for number in (0, 1))
    if language == "ko":
        return _in_korean(message, one)
    return _in_english(message, one | {f"{house}s": form for house, form in many.items()})


def _forms(label: str | Mapping[str, str], language: str) -> tuple[str, str]:
    """A noun and its plural; where English has no rule for it, the word stands for both."""
    if not isinstance(label, str):
        return label["one"], label["many"]
    return label, plural(label) if language == "en" and _PLAIN.fullmatch(label) else label


def plural(word: str) -> str:
    """The regular English plural.

    Example:
        >>> plural("customer"), plural("company"), plural("boss"), plural("play")
        ('customers', 'companies', 'bosses', 'plays')
    """
    if re.search("[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search("(s|x|z|ch|sh)$", word) else f"{word}s"


# English ----------------------------------------------------------------------------------------------


def _in_english(message: str, forms: Mapping[str, str]) -> str:
    """Whole words, with their articles, genitives and verbs."""
    said = dict(forms)
    if "churn" in forms:  # of whoever churns, other sentences say: falls silent
        said |= {"churner": f"silent {forms.get('user', 'user')}", "churners": f"silent {forms.get('users', 'users')}"}
    if "sticker" in forms:
        said |= {"stickers received": forms["stickers"], **_HAVING}
    return _ENGLISH.sub(lambda found: _english(found, said), message)


def _english(found: re.Match[str], said: Mapping[str, str]) -> str:
    article, noun, genitive, verb = found.groups(default="")
    house = noun or verb
    if house.lower() not in said:
        return found[0]
    word = said[house.lower()]
    if article:
        article = f"{article[0]}{'n' if _HEARD.match(word) else ''} "
    if genitive and not word.endswith("s"):
        genitive = f"{genitive}s"
    return f"{article}{word[:1].upper() + word[1:] if house[0].isupper() else word}{genitive}"


# Korean -----------------------------------------------------------------------------------------------


def _in_korean(message: str, forms: Mapping[str, str]) -> str:
    """Words wherever they stand, since endings are written to them, with the particle that the last sound asks for.

    Example:
        >>> _in_korean("사용자가 이탈을 {n}번, 예상 이탈자는 사용자로", {"user": "고객", "churn": "해지"})
        '고객이 해지를 {n}번, 예상 해지 고객은 고객으로'
    """
    exchanged = {_KOREAN[house]: word for house, word in forms.items()}
    if "churn" in forms:
        exchanged["이탈자"] = f"{forms['churn']} {forms.get('user', _KOREAN['user'])}"
    if "sticker" in forms:
        message = _recorded(message)
    found = re.compile(f"{_KEPT}|({'|'.join(sorted(exchanged, key=len, reverse=True))}){_FOLLOWS}")
    return found.sub(lambda one: _korean(one, exchanged), message)


def _recorded(message: str) -> str:
    """A message about stickers with a verb and a noun for what is not received, such as a purchase.

    Example:
        >>> _recorded("스티커를 받은 비율, 받은 스티커가 많음")
        '스티커를 기록한 비율, 스티커가 많음'
    """
    if _KOREAN["sticker"] not in message:
        return message
    for taken, put in _TAKEN.items():
        message = message.replace(taken, put)
    return re.sub("(?<![가-힣])받([가-힣])", lambda found: f"기록{_RECORDED.get(found[1], f'하{found[1]}')}", message)


def _korean(found: re.Match[str], exchanged: Mapping[str, str]) -> str:
    house, *particles = found.groups(default="")
    if not house:
        return found[0]
    word, particle = exchanged[house], "".join(particles)
    return f"{word}{_after(word, particle)}" if particle else word


def _after(word: str, particle: str) -> str:
    """The form of a particle that follows a word.

    Example:
        >>> _after("고객", "를"), _after("해지", "을"), _after("서울", "으로"), _after("lapse", "은")
        ('을', '를', '로', '는')
    """
    pair = next(pair for pair in _PARTICLES.items() if particle in pair)
    last = word[-1]
    ending = (ord(last) - ord(_FIRST)) % _ENDINGS if _FIRST <= last <= _LAST else {"l": _RIEUL}.get(last, last in "mn")
    return pair[1] if not ending or (pair[1] == "로" and ending == _RIEUL) else pair[0]
