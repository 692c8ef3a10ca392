# cython: language_level=3, boundscheck=True, wraparound=False
"""The loops that look at every character or token of an advert, compiled.

Each has a twin in plain Python that says what it does and stands in where no C compiler was at hand:
`model.text.normalise.normalise`, `model.text.tokens.tokenise`, `model.text.language.count_scripts_by_character`,
`model.indicators.automaton.Automaton.scan` and langdetect's `Detector`.
Tests hold each pair to the same answers.
"""

from cpython.array cimport array, clone
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport PyObject
from libc.stdint cimport uint8_t, uint32_t

cdef extern from "Python.h":
    object PyUnicode_FromKindAndData(int kind, const void *buffer, Py_ssize_t size)
    object PyUnicode_Substring(object text, Py_ssize_t start, Py_ssize_t end)
    PyObject *PyDict_GetItemWithError(object table, object key) except? NULL
    int PyUnicode_KIND(object text)
    void *PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, void *data, Py_ssize_t index)

cdef enum:
    CODES = 0x110000

cdef enum Fold:
    UNSEEN = 0  # else the folded code point plus one, or:
    GONE = 0x200000
    MANY = 0x200001
    DISGUISED = 0x200002

cdef enum Class:
    UNKNOWN = 0
    OTHER = 1
    LETTER = 2
    DIGIT = 3
    MARK = 4
    UNSPACED = 5

cdef uint32_t FOLDED[CODES]
cdef uint8_t CLASSES[CODES]
cdef uint8_t SCRIPTS[CODES]
cdef array _INTS = array("i")


cdef inline bint is_latin(Py_UCS4 c) noexcept nogil:
    return c'a' <= c <= c'z'


cdef inline bint is_stranger(Py_UCS4 c) noexcept nogil:
    return 0x250 <= c <= 0x2AF or 0x370 <= c <= 0x58F


cdef inline bint is_spaceable(Py_UCS4 c) noexcept nogil:
    return c'a' <= c <= c'z' or 0xDF <= c <= 0x24F or 0x400 <= c <= 0x4FF


cdef inline bint needs_no_joiner(Py_UCS4 c) noexcept nogil:
    return (c'a' <= c <= c'z' or c'A' <= c <= c'Z' or 0x400 <= c <= 0x4FF
            or 0x4E00 <= c <= 0x9FFF or 0xAC00 <= c <= 0xD7A3)


cdef inline bint is_separator(Py_UCS4 c) noexcept nogil:
    return c == c' ' or c == c'.' or c == c'-' or c == c'_' or c == c'*' or c == 0xB7 or c == 0x2022 or c == c'|'


cdef inline bint in_word(Py_UCS4 c) noexcept nogil:
    return c'a' <= c <= c'z' or c'0' <= c <= c'9' or c == c'_'


cdef inline bint is_address(Py_UCS4 c) noexcept nogil:
    return c == c'@' or c == c'#' or c == c'/' or c == c'.' or c == c':' or c == c'-' or c == c'&' or c == c'=' or c == c'?' or c == c'%' or c == c'+'


cdef inline bint is_leet(Py_UCS4 c) noexcept nogil:
    return c == c'0' or c == c'1' or c == c'3' or c == c'4' or c == c'5' or c == c'7'


def fold(str text not None, describe):
    """Fold a text whose characters fold one by one; None when there may be more to it.

    Gives (folded, starts, ends), the last two None when every character folded to one. `describe(character)` says how a
    character folds: (folded, whether it is a disguise by itself); it is asked once per character of a process's life.
    """
    cdef Py_ssize_t n = len(text), i, j, out = 0
    cdef bint gone_since = False
    cdef bint moved = False
    cdef uint32_t value
    cdef Py_UCS4 c, raw_before = 0, new = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0
    cdef bint in_address = False
    cdef str piece
    cdef Py_ssize_t room = n + 1
    cdef Py_UCS4 *buffer = <Py_UCS4 *>PyMem_Malloc(room * sizeof(Py_UCS4))
    cdef Py_UCS4 *larger
    cdef array starts = None, ends = None
    cdef int kind = PyUnicode_KIND(text)
    cdef void *data = PyUnicode_DATA(text)
    cdef Py_ssize_t pieces
    if buffer == NULL:
        raise MemoryError
    try:
        for i in range(n):
            c = PyUnicode_READ(kind, data, i)
            pieces = 1
            piece = None
            value = FOLDED[c]
            if value == UNSEEN:
                value = learn(c, describe)
            if value == DISGUISED:
                return None
            if value == GONE:
                pieces = 0
            elif value == MANY:
                piece = describe(c)[0]
                pieces = len(piece)
                new = piece[0]
            else:
                new = <Py_UCS4>(value - 1)
            if pieces == 0:
                gone_since = True
                if not moved:
                    moved = True
                    starts, ends = counted(out, room, 0), counted(out, room, 1)
                continue
            if gone_since:
                if needs_no_joiner(raw_before) and needs_no_joiner(c):
                    return None
                gone_since = False
            raw_before = c
            if pieces > 1 and not moved:
                moved = True
                starts, ends = counted(out, room, 0), counted(out, room, 1)
            if out + pieces > room:
                room = 2 * room + pieces
                larger = <Py_UCS4 *>PyMem_Realloc(buffer, room * sizeof(Py_UCS4))
                if larger == NULL:
                    raise MemoryError
                buffer = larger
                starts, ends = grown(starts, room), grown(ends, room)
            for j in range(pieces):
                if j:
                    new = piece[j]
                if not in_word(p1):
                    in_address = is_address(p1)
                if ((is_latin(new) and is_stranger(p1)) or (is_stranger(new) and is_latin(p1))
                        or (is_latin(new) and is_leet(p1) and is_latin(p2) and not in_address)
                        or (is_separator(p1) and p3 == p1 and p5 == p1 and is_spaceable(new) and is_spaceable(p2)
                            and is_spaceable(p4) and is_spaceable(p6) and not is_spaceable(p7))):
                    return None
                p7, p6, p5, p4, p3, p2, p1 = p6, p5, p4, p3, p2, p1, new
                if moved:
                    starts.data.as_ints[out] = <int>i
                    ends.data.as_ints[out] = <int>i + 1
                buffer[out] = new
                out += 1
        folded = PyUnicode_FromKindAndData(4, buffer, out)
    finally:
        PyMem_Free(buffer)
    if moved:
        return folded, starts[:out], ends[:out]
    return folded, None, None


cdef array counted(Py_ssize_t used, Py_ssize_t room, int first):
    """Give room for as many positions, the used ones counted up from `first`: so far every character stands for itself."""
    cdef array positions = clone(_INTS, room, False)
    cdef Py_ssize_t i
    for i in range(used):
        positions.data.as_ints[i] = <int>i + first
    return positions


cdef array grown(array old, Py_ssize_t size):
    cdef array larger = clone(_INTS, size, False)
    cdef Py_ssize_t i
    for i in range(len(old)):
        larger.data.as_ints[i] = old.data.as_ints[i]
    return larger


cdef uint32_t learn(Py_UCS4 c, describe) except 0:
    cdef str folded
    folded, disguised = describe(c)
    cdef uint32_t value
    if disguised:
        value = DISGUISED
    elif not folded:
        value = GONE
    elif len(folded) > 1:
        value = MANY
    else:
        value = <uint32_t>ord(folded) + 1
    FOLDED[c] = value
    return value


def cut(str text not None, classify):
    """Cut folded text into tokens: (words, starts, ends).

    `classify(character)` names a character's class: 1 none, 2 letter, 3 digit, 4 mark, 5 letter of an unspaced script; it is
    asked once per character of a process's life.
    """
    cdef Py_ssize_t n = len(text), i = 0, start, last
    cdef int kind = PyUnicode_KIND(text)
    cdef void *data = PyUnicode_DATA(text)
    cdef uint8_t of
    cdef Py_UCS4 c
    cdef list words = [], starts = [], ends = []
    while i < n:
        of = class_of(PyUnicode_READ(kind, data, i), classify)
        start = i
        i += 1
        if of == LETTER:
            while i < n and class_of(PyUnicode_READ(kind, data, i), classify) in (LETTER, MARK):
                i += 1
        elif of == DIGIT:
            while i < n:
                c = PyUnicode_READ(kind, data, i)
                if class_of(c, classify) == DIGIT:
                    i += 1
                elif (c == c'.' or c == c',') and i + 1 < n and class_of(PyUnicode_READ(kind, data, i + 1), classify) == DIGIT:
                    i += 2
                else:
                    break
        elif of == UNSPACED:
            while i < n and class_of(PyUnicode_READ(kind, data, i), classify) == MARK:
                i += 1
        else:
            continue
        words.append(PyUnicode_Substring(text, start, i))
        starts.append(start)
        ends.append(i)
    return words, starts, ends


cdef inline uint8_t class_of(Py_UCS4 c, classify) except 0:
    cdef uint8_t of = CLASSES[c]
    if of == 0:
        of = <uint8_t>classify(c)
        CLASSES[c] = of
    return of


def tally(str text not None, number_of, int n_scripts):
    """Count a text's characters by script.

    `number_of(character)` gives a script's number from 1 to below `n_scripts`; it is asked once per character of a process's life.
    """
    cdef Py_ssize_t n = len(text), i
    cdef int kind = PyUnicode_KIND(text)
    cdef void *data = PyUnicode_DATA(text)
    cdef Py_ssize_t counts[256]
    cdef Py_UCS4 c
    cdef uint8_t number
    if n_scripts > 256:
        raise ValueError("at most 256 scripts")
    for i in range(n_scripts):
        counts[i] = 0
    for i in range(n):
        c = PyUnicode_READ(kind, data, i)
        number = SCRIPTS[c]
        if number == 0:
            number = <uint8_t>number_of(c)
            if not 0 < number < n_scripts:
                raise ValueError("a script's number is out of range")
            SCRIPTS[c] = number
        counts[number] += 1
    return [counts[i] for i in range(n_scripts)]


def walk(
    list words not None,
    dict symbols not None,
    list labels not None,
    list begun not None,
    list edges not None,
    list solid not None,
    list gapped not None,
    list near not None,
    new_symbol,
    new_state,
    join,
):
    """Walk an automaton over tokens: (row of symbols, matches of whole wordings, anchors of gapped ones), each (number, start, end).

    `begun` gives per symbol the state of what begins with it, `edges` per state where each label leads; what no text has
    asked for yet is worked out by `new_symbol(word)`, `new_state(state, label)` and `join(states)`. An anchor counts only where
    a symbol that can begin the part beside it stands near: `near[number]` is (symbols before or None, how far back, symbols
    after or None, how far on).
    """
    cdef list row = [], whole = [], found = [], anchors = []
    cdef Py_ssize_t position = 0, n_going = 0, kept, i, start, state, following
    cdef PyObject *known
    cdef object symbol, word
    cdef tuple said, pair
    cdef Py_ssize_t *going = <Py_ssize_t *>PyMem_Malloc(2 * (len(words) + 1) * sizeof(Py_ssize_t))
    if going == NULL:
        raise MemoryError
    try:
        for word in words:
            known = PyDict_GetItemWithError(symbols, word)
            symbol = new_symbol(word) if known == NULL else <object>known
            row.append(symbol)
            said = <tuple>labels[<Py_ssize_t>symbol]
            position += 1
            kept = 0
            for i in range(n_going):
                start = going[2 * i + 1]
                following = step(going[2 * i], said, edges, new_state, join)
                if following and arrive(following, start, position, edges, solid, gapped, whole, found):
                    going[2 * kept], going[2 * kept + 1] = following, start
                    kept += 1
            following = <Py_ssize_t>begun[<Py_ssize_t>symbol]
            if following and arrive(following, position - 1, position, edges, solid, gapped, whole, found):
                going[2 * kept], going[2 * kept + 1] = following, position - 1
                kept += 1
            n_going = kept
    finally:
        PyMem_Free(going)
    for pair in found:
        if may_hold(row, pair, <tuple>near[<Py_ssize_t>pair[0]]):
            anchors.append(pair)
    return row, whole, anchors


cdef Py_ssize_t step(Py_ssize_t state, tuple labels, list edges, new_state, join) except -1:
    """Give the state that a token leads to from another, 0 when nothing goes on with it."""
    cdef Py_ssize_t one = 0
    cdef PyObject *known
    cdef dict table = <dict>edges[state]
    cdef list several = None
    cdef object target, label
    for label in labels:
        known = PyDict_GetItemWithError(table, label)
        if known == NULL:
            continue
        target = <object>known
        if type(target) is not int:
            target = new_state(state, label)
        if several is not None:
            several.append(target)
        elif one:
            several = [one, target]
        else:
            one = <Py_ssize_t>target
    return one if several is None else <Py_ssize_t>join(tuple(several))


cdef bint arrive(
    Py_ssize_t state, Py_ssize_t start, Py_ssize_t end, list edges, list solid, list gapped, list whole, list found
) except -1:
    """Note what is complete in a state; tells whether anything may go on from it."""
    for number in <tuple>solid[state]:
        whole.append((number, start, end))
    for number in <tuple>gapped[state]:
        found.append((number, start, end))
    return len(<dict>edges[state]) > 0


cdef bint may_hold(list row, tuple anchor, tuple near) except -1:
    cdef Py_ssize_t start = anchor[1], end = anchor[2]
    before, back, after, ahead = near
    return (before is None or stands_in(<set>before, row, max(start - <Py_ssize_t>back, 0), start)) and (
        after is None or stands_in(<set>after, row, end, min(end + <Py_ssize_t>ahead, len(row))))


cdef bint stands_in(set symbols, list row, Py_ssize_t first, Py_ssize_t last) except -1:
    cdef Py_ssize_t i
    for i in range(first, last):
        if row[i] in symbols:
            return True
    return False


def weigh(list odds not None, list chances not None, double alpha, choose, double sure, Py_ssize_t most):
    """Weigh drawn n-grams until one language is sure, as one trial of langdetect's `Detector._detect_block` does.

    `odds` holds a row per n-gram, `chances` what to begin with, both with one number per language; `choose()` draws a row's
    number. Gives the chances in the end, which add up to one.
    """
    cdef Py_ssize_t n_languages = len(chances), drawn = 0, j
    cdef double total, best
    cdef array weighed = array("d", chances)
    cdef double *chance = weighed.data.as_doubles
    cdef list row
    for row in odds:
        if len(row) != n_languages:
            raise ValueError("every row has one number per language")
    while True:
        row = <list>odds[<Py_ssize_t>choose()]
        for j in range(n_languages):
            chance[j] *= alpha + <double>row[j]
        if drawn % 5 == 0:
            total = 0.0
            best = 0.0
            for j in range(n_languages):
                total += chance[j]
            for j in range(n_languages):
                chance[j] /= total
                best = max(best, chance[j])
            if best > sure or drawn >= most:
                return weighed.tolist()
        drawn += 1
