r"""Folds what posters do to letters, and keeps a map back to the characters received.

Posters write 𝐅𝐑𝐄𝐄, fr\u200bee with a zero-width space, Bcem with Latin c, е and м, t e l e g r a m,
５０００ and 5️⃣. People read all of these alike, and so must the matcher; yet every span shown to
an investigator has to be a span of the text as sent. `normalise` gives both: the folded text,
and for each of its characters the stretch it came from. What was folded is counted, because
disguise is itself a fact about an advert.

Steps, each local so that the map stays exact: composition (Zawgyi, NFC) → one-character folds (NFKC, case,
digits of every script, decorated letters, Traditional → Simplified, invisible characters) → words of
mixed alphabets → spaced-out letters. Applying them to their own result changes nothing.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import opencc
from confusable_homoglyphs import confusables

from model.text import zawgyi
from model.text.loops import compiled


class Fold(StrEnum):
    """Kinds of disguise that were undone; plain case or width differences are not disguise."""

    LOOK_ALIKE = "look_alike"
    """A letter of another alphabet inside a word."""
    DECORATED = "decorated"
    """Mathematical, circled or squared letters."""
    INVISIBLE = "invisible"
    """A zero-width or direction character between letters that need none."""
    SPACED = "spaced"
    """Letters of one word set apart by spaces, dots or dashes."""
    EMOJI_DIGIT = "emoji_digit"
    """Keycap and circled digits."""
    ZAWGYI = "zawgyi"
    """Burmese typed for a Zawgyi font: an old encoding, not a disguise."""


DISGUISES = frozenset({Fold.LOOK_ALIKE, Fold.DECORATED, Fold.INVISIBLE, Fold.SPACED})
"""The folds that say something about intent; the others are habits of keyboards."""


@dataclass(frozen=True, slots=True)
class NormalText:
    """Folded text with its way back.

    `starts[i]` and `ends[i]` bound the stretch of the received text that character `i` came from;
    both are None when every character came from the one at its own place.
    """

    text: str
    received: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None
    folds: Mapping[Fold, int] = field(default_factory=dict)

    def received_span(self, start: int, end: int) -> tuple[int, int]:
        """Give the stretch of the received text behind `text[start:end]`; `start < end` must hold."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(received: str) -> NormalText:
    """Fold a text; never raises, whatever the characters (lone surrogates included)."""
    if compiled is not None:
        if received.isascii() or not _needs_composing(received):
            plain = compiled.fold(received, _described)
            if plain is not None and (received.isascii() or not _needs_composing(plain[0])):
                text, starts, ends = plain
                return NormalText(text, received, starts, ends)
    elif received.isascii():
        folded = received.translate(_CHARACTERS)
        if len(folded) == len(received) and not (
            _MAYBE_SPACED.search(folded) or _DIGIT_IN_WORD.search(folded)
        ):
            return NormalText(folded, received)
    return fold_step_by_step(received)


def fold_step_by_step(received: str) -> NormalText:
    """Fold a text by every step there is: the way for disguised text, and what the compiled short cut is held to."""
    cells = _Cells.of(received)
    for _ in range(_MOST_PASSES):
        cells.compose()
        cells.fold_characters()
        changed = cells.fold_look_alikes()
        changed |= cells.fold_digits_in_words()
        changed |= cells.join_spaced()
        if not changed and cells.is_composed():
            break
    return cells.result()


def _needs_composing(text: str) -> bool:
    return (
        not unicodedata.is_normalized("NFC", text)
        or (("\u0e4d" in text or "\u0ecd" in text) and _SPLIT_AM.search(text) is not None)
        or bool(zawgyi.runs(text))
    )


@dataclass(slots=True)
class _Cells:
    """The text under work: `text` and, unless trivial, where each character came from."""

    received: str
    text: str
    starts: list[int] | None
    ends: list[int] | None
    folds: Counter[Fold]

    @classmethod
    def of(cls, received: str) -> "_Cells":
        return cls(received, received, None, None, Counter())

    def result(self) -> NormalText:
        return NormalText(self.text, self.received, self.starts, self.ends, self.folds)

    def is_composed(self) -> bool:
        """Tell whether `compose` would change nothing."""
        return not _needs_composing(self.text)

    def compose(self) -> None:
        """Zawgyi to Unicode, then NFC, cluster by cluster, and the vowels that NFC leaves in two."""
        if runs := zawgyi.runs(self.text):
            self.folds[Fold.ZAWGYI] += 1
            self._replace(runs, zawgyi.to_unicode)
        if _SPLIT_AM.search(self.text):
            self._replace_by(_SPLIT_AM, lambda run: run[1:-1] + _AM_OF_AA[run[-1]])
        if not unicodedata.is_normalized("NFC", self.text):
            self._replace_by(_CLUSTER, lambda run: unicodedata.normalize("NFC", run))

    def fold_characters(self) -> None:
        alphabet = set(self.text)
        foreign = [character for character in alphabet if not character.isascii()]
        if any(_CHARACTERS[ord(character)] == "" for character in foreign):
            hidden = len(_INVISIBLE_IN_WORD.findall(self.text))
            if hidden:
                self.folds[Fold.INVISIBLE] += hidden
        for character in foreign:
            kind = _kind_of(character)
            if kind is not None:
                self.folds[kind] += self.text.count(character)
        widths = {len(_CHARACTERS[ord(character)]) for character in alphabet}
        if widths <= {1}:
            self.text = self.text.translate(_CHARACTERS)
        elif widths <= {0, 1}:
            gone = {character for character in alphabet if not _CHARACTERS[ord(character)]}
            self._keep([index for index, character in enumerate(self.text) if character not in gone])
        else:
            self._expand([_CHARACTERS[ord(character)] for character in self.text])

    def fold_look_alikes(self) -> bool:
        """Bring words that mix alphabets to one of them, when every stranger has a look-alike there."""
        if not _STRANGER.search(self.text):
            return False
        changed: list[str] | None = None
        cyrillic_text: bool | None = None
        for match in _MIXED_WORD.finditer(self.text):
            if cyrillic_text is None:
                cyrillic_text = len(_CYRILLIC.findall(self.text)) > len(_LATIN.findall(self.text))
            folded = _unmix(match[0], prefer_cyrillic=cyrillic_text)
            if folded is None:
                continue
            changed = changed or list(self.text)
            changed[match.start() : match.end()] = folded
            self.folds[Fold.LOOK_ALIKE] += sum(a != b for a, b in zip(match[0], folded, strict=True))
        if changed is not None:
            self.text = "".join(changed)
        return changed is not None

    def fold_digits_in_words(self) -> bool:
        """Read t3legram as telegram: digits between the letters of a word that is no part of an address."""
        if not _DIGIT_IN_WORD.search(self.text):
            return False
        folded = _LEET_WORD.sub(_without_digits, self.text)
        count = sum(a != b for a, b in zip(self.text, folded, strict=True))
        if count:
            self.folds[Fold.LOOK_ALIKE] += count
            self.text = folded
        return count > 0

    def join_spaced(self) -> bool:
        runs = len(_SPACED.findall(self.text)) if _MAYBE_SPACED.search(self.text) else 0
        if runs:
            self.folds[Fold.SPACED] += runs
            self._replace_by(_SPACED, lambda run: run[::2])
        return runs > 0

    def _keep(self, kept: list[int]) -> None:
        """Drop the characters that fold to nothing; the others fold to one each."""
        old_starts, old_ends = self.starts, self.ends
        self.text = self.text.translate(_CHARACTERS)
        self.starts = kept if old_starts is None else [old_starts[index] for index in kept]
        self.ends = [i + 1 for i in kept] if old_ends is None else [old_ends[index] for index in kept]

    def _expand(self, pieces: Iterable[str]) -> None:
        """Put one piece (of any length) in each character's place."""
        starts: list[int] = []
        ends: list[int] = []
        kept: list[str] = []
        old_starts, old_ends = self.starts, self.ends
        for index, piece in enumerate(pieces):
            if not piece:
                continue
            kept.append(piece)
            start = index if old_starts is None else old_starts[index]
            end = index + 1 if old_ends is None else old_ends[index]
            if len(piece) == 1:
                starts.append(start)
                ends.append(end)
            else:
                starts.extend([start] * len(piece))
                ends.extend([end] * len(piece))
        self.text, self.starts, self.ends = "".join(kept), starts, ends

    def _replace_by(self, pattern: re.Pattern[str], rewrite: Callable[[str], str]) -> None:
        """Rewrite each run that matches; all its characters then stand for the whole run."""
        self._replace(pattern.finditer(self.text), rewrite)

    def _replace(self, matches: Iterable[re.Match[str]], rewrite: Callable[[str], str]) -> None:
        kept: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        old_starts = self.starts if self.starts is not None else range(len(self.text))
        old_ends = self.ends if self.ends is not None else range(1, len(self.text) + 1)
        position = 0
        for match in matches:
            first, last = match.span()
            run = match[0]
            new = rewrite(run)
            if new == run:
                continue
            kept.append(self.text[position:first])
            starts.extend(old_starts[position:first])
            ends.extend(old_ends[position:first])
            kept.append(new)
            starts.extend([old_starts[first]] * len(new))
            ends.extend([old_ends[last - 1]] * len(new))
            position = last
        if position == 0 and not kept:
            return
        kept.append(self.text[position:])
        starts.extend(old_starts[position:])
        ends.extend(old_ends[position:])
        self.text, self.starts, self.ends = "".join(kept), starts, ends


class _CharacterFolds(dict[int, str]):
    """Code point → folded text, worked out on first sight; `str.translate` reads it directly."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    if character in _OWN_FOLDS:
        return _OWN_FOLDS[character]
    if unicodedata.category(character) in _INVISIBLE_CATEGORIES or character in _INVISIBLE:
        return ""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    folded = unicodedata.normalize("NFKC", character)
    folded = unicodedata.normalize("NFKC", folded.lower())
    if folded != character and len(folded) <= _LONGEST_FOLD:
        return "".join(_CHARACTERS[ord(piece)] for piece in folded)
    if "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000":
        simplified = _SIMPLIFY.convert(character)
        return simplified if len(simplified) == 1 else character
    return character


def _without_digits(word: re.Match[str]) -> str:
    digits = sum(letter.isdigit() for letter in word[0])
    if len(word[0]) - digits < max(3, _LETTERS_A_DIGIT * digits) or not _DIGIT_IN_WORD.search(word[0]):
        return word[0]
    return word[0].translate(_LETTER_OF_DIGIT)


def _described(character: str) -> tuple[str, bool]:
    """Say how one character folds, and whether it is a disguise by itself."""
    return _CHARACTERS[ord(character)], _kind_of(character) is not None


def _kind_of(character: str) -> Fold | None:
    """Name the disguise that a single character is, if it is one."""
    if character in _SMALL_CAPITALS or _BOXED.match(character):
        return Fold.DECORATED
    if character == _KEYCAP or "\u2460" <= character <= "\u24ff" or "\u2776" <= character <= "\u2793":
        return Fold.EMOJI_DIGIT
    return None


def _unmix(word: str, *, prefer_cyrillic: bool) -> str | None:
    """Fold a word of mixed alphabets into one of them; None when a letter has no twin there."""
    latin = [c if c in _LATIN_LETTERS else _latin_twin(c) for c in word]
    cyrillic = [c if _CYRILLIC.match(c) else _TO_CYRILLIC.get(c) for c in word]
    candidates = [cyrillic, latin] if prefer_cyrillic else [latin, cyrillic]
    for letters in candidates:
        if None not in letters:
            return "".join(letter for letter in letters if letter)
    return None


def _latin_twin(letter: str) -> str | None:
    if letter in _TO_LATIN:
        return _TO_LATIN[letter]
    if letter not in _TWINS:
        found = confusables.is_confusable(letter, greedy=True) or [{"homoglyphs": []}]
        twins = [h["c"] for h in found[0]["homoglyphs"] if h["c"] in _LATIN_LETTERS]
        _TWINS[letter] = twins[0] if twins else None
    return _TWINS[letter]


_MOST_PASSES = 6
"""Folding settles in two passes; hostile mixes of folds have needed four."""
_LONGEST_FOLD = 6
"""Longer NFKC expansions are ligatures of whole phrases (U+FDFA is 18 letters), not letters."""
_SIMPLIFY = opencc.OpenCC("t2s")
_LATIN_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_LATIN = re.compile("[a-z]")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_KEYCAP = "\u20e3"
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Cc"})
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u20e3" + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""Characters without a shape of their own that Unicode does not class as format controls."""
_INVISIBLE_IN_WORD = re.compile(
    "(?<=[A-Za-z\u0400-\u04ff\u4e00-\u9fff\uac00-\ud7a3])[\u00ad\u034f\u115f\u1160\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u3164\ufeff]+(?=[A-Za-z\u0400-\u04ff\u4e00-\u9fff\uac00-\ud7a3])",
)
"""Only between letters that never need them: Khmer, Thai, Burmese and Indic scripts use them honestly."""
_BOXED = re.compile("[\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f110-\U0001f169\U0001f170-\U0001f189]")
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_TO_LATIN = dict(zip("авсԁеһніјкморԛѕтуԝхαβεικνορτυχ", "abcdehhijkmopqstywxabeiknoptux", strict=True))
_TO_CYRILLIC = dict(zip("abcehkmoptxyiu", "авсенкмортхуіи", strict=True))
_TWINS: dict[str, str | None] = {}
_MIXED_WORD = re.compile(
    "[a-z\u0250-\u02af\u0370-\u058f]*(?:[a-z][\u0250-\u02af\u0370-\u058f]|[\u0250-\u02af\u0370-\u058f][a-z])"
    "[a-z\u0250-\u02af\u0370-\u058f]*",
)
_LETTER_OF_DIGIT = str.maketrans("013457", "oieast")
_DIGIT_IN_WORD = re.compile("[a-z][013457][a-z]")
_LEET_WORD = re.compile(r"(?<![a-z0-9_])(?<![@#/.:\-&=?%+])[a-z][a-z013457]*[a-z](?=[0-9]?(?![\w@]))")
_LETTERS_A_DIGIT = 2
"""A word has at least so many letters for each of its digits; `b2b` and product numbers are none."""
_STRANGER = re.compile("[\u0250-\u02af\u0370-\u058f]")
_MAYBE_SPACED = re.compile(r"\b[^\W\d_]([ .\-_*·•|])[^\W\d_]\1[^\W\d_]\1[^\W\d_]\b")
_SPACED = re.compile(
    r"(?<![^\W_])[a-z\u00df-\u024f\u0400-\u04ff]([ .\-_*·•|])(?:[a-z\u00df-\u024f\u0400-\u04ff]\1){2,}"
    r"[a-z\u00df-\u024f\u0400-\u04ff](?![^\W_])"
)
_CLUSTER = re.compile(
    "[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uac00-\ud7a3]+|[^\u0300-\u036f][MARKS]+".replace(
        "MARKS",
        "".join(
            chr(code)
            for code in range(0x300, 0x3100)
            if unicodedata.combining(chr(code)) or unicodedata.category(chr(code)) == "Mc"
        ),
    )
)
"""A letter with its marks, or a run of Hangul parts: composing inside it never reaches outside."""
_SPLIT_AM = re.compile("\u0e4d[\u0e48-\u0e4b]?\u0e32|\u0ecd[\u0ec8-\u0ecb]?\u0eb2")
"""Thai and Lao am typed as its two parts, a tone mark perhaps between them."""
_AM_OF_AA = {"\u0e32": "\u0e33", "\u0eb2": "\u0eb3"}
_OWN_FOLDS = {
    "\n": "\n",
    "\r": "\n",
    "\t": " ",
    "\u0085": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    "\u2018": "'",
    "\u2019": "'",
    "\u02bb": "'",
    "\u02bc": "'",
    "\u0060": "'",
    "\u00b4": "'",
    "\u02b9": "'",
    "\u2032": "'",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    # NFKC would cut these vowels in two; nobody types them so.
    "\u0e33": "\u0e33",
    "\u0eb3": "\u0eb3",
    "İ": "i",
    "ı": "i",
    "ё": "е",
    "Ё": "е",
    # Arabic writes the same word with and without these.
    "\u0640": "",
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ٱ": "ا",
    "ى": "ي",
    "ة": "ه",
    "ی": "ي",
    "ک": "ك",
    "ؤ": "و",
    "ئ": "ي",
    **{chr(code): "" for code in range(0x64B, 0x653)},
    # Nukta and candrabindu are dropped as often as typed.
    "\u093c": "",
    "\u09bc": "",
    "\u0901": "\u0902",
    "\u0981": "\u0982",
    **_SMALL_CAPITALS,
    **{chr(0x1F150 + i): chr(97 + i) for i in range(26)},
    **{chr(0x1F170 + i): chr(97 + i) for i in range(26)},
}
_CHARACTERS = _CharacterFolds()
