"""Vietnamese in the fonts of before Unicode: TCVN3 (ABC) and VNI texts, recognised by what they say and turned into Unicode.

Such a text is Latin letters and signs that only its font shows as Vietnamese: `C«ng t¸c d©n vËn` in TCVN3, `Coâng taùc daân vaän`
in VNI. It is taken for one only where its words are no Vietnamese as they stand and Vietnamese syllables once they are
converted: ordinary Vietnamese, English and what could be read in two ways stay untouched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import product


class Font(StrEnum):
    TCVN3 = "TCVN3 (ABC)"
    VNI = "VNI"


#: words that have to be made sense of before a text is taken for one
_SURE = 2
#: shares: of the words that change, those that are syllables then, and those that were none before; of all words, those that are syllables
_READ, _STRANGE, _VIETNAMESE = 0.9, 0.3, 0.8


def font_of(text: str) -> Font | None:
    """The old font that the text is in; None where it is in Unicode, or could be."""
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii() or not _LATIN.fullmatch(composed):
        return None
    words = _WORD.findall(composed)
    return next((font for font, convert in _CONVERTERS.items() if _is_meant(words, [convert(word) for word in words])), None)


def in_unicode(text: str, font: Font) -> str:
    """What a text in an old font says."""
    convert = _CONVERTERS[font]
    return _WORD.sub(lambda word: convert(word[0]), unicodedata.normalize("NFC", text))


#: what Windows shows of such a text: Latin letters and signs, and a few that stand in texts of every font
_LATIN = re.compile("[\\t\\n\\r -~\\xa0-\\xff‘’“”–—…•]*")
#: letters, and signs that stand for letters in old fonts
_WORD = re.compile("[A-Za-z\\xa1-\\xff]+")


def _is_meant(before: list[str], after: list[str]) -> bool:
    changed = [(was, word) for was, word in zip(before, after, strict=True) if was != word and not _is_short_for(word)]
    read = sum(is_syllable(word) for _was, word in changed)
    strange = sum(not is_syllable(was) for was, _word in changed)
    words = [word for word in after if not _is_short_for(word) and not _SIGN.fullmatch(word)]
    vietnamese = sum(map(is_syllable, words))
    return (
        read >= max(_SURE, _READ * len(changed)) and strange >= max(1, _STRANGE * len(changed)) and vietnamese >= _VIETNAMESE * len(words)
    )


def _is_short_for(word: str) -> bool:
    """UBND, HĐND: letters that stand for words."""
    return word.isupper() and not is_syllable(word)


# --- Fonts ------------------------------------------------------------------------------------------

#: what a letter of the font stands for: capitals with a tone are the small ones in another font (.VnTimeH)
TCVN3: Mapping[str, str] = dict(
    zip(
        "¡¢£¤¥¦§¨©ª«¬\xad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)


def _vni_letters() -> dict[str, str]:
    """A vowel and a mark after it; some letters stand alone."""
    tones = dict(zip("ùøûõï", "\u0301\u0300\u0309\u0303\u0323", strict=True))
    plain = {f"{vowel}{mark}": f"{vowel}{tone}" for vowel, (mark, tone) in product("aeouy", tones.items()) if (vowel, mark) != ("y", "ï")}
    hatted = dict(zip("âáàåãä", ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"), strict=True))
    short = dict(zip("êéèúüë", ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"), strict=True))
    marked = {f"{vowel}{mark}": f"{hat}{tone}" for (vowel, hat), (mark, tone) in product(zip("aeo", "âêô", strict=True), hatted.items())}
    marked |= {f"a{mark}": f"ă{tone}" for mark, tone in short.items()}
    horned = {f"{vowel}{mark}": f"{horn}{tone}" for (vowel, horn), (mark, tone) in product((("ô", "ơ"), ("ö", "ư")), tones.items())}
    alone = dict(zip("ôöíìæóòîñ", ("ơ", "ư", "í", "ì", "ỉ", "ĩ", "ị", "ỵ", "đ"), strict=True))
    small = {**plain, **marked, **horned, **alone}
    capitals = {written.upper(): letter.upper() for written, letter in small.items()}
    return {written: unicodedata.normalize("NFC", letter) for written, letter in {**small, **capitals}.items()}


VNI: Mapping[str, str] = _vni_letters()
_VNI_LETTER = re.compile("|".join(sorted(map(re.escape, VNI), key=len, reverse=True)))
_SIGN = re.compile("[\\xa1-\\xbf]")


def _from_tcvn3(word: str) -> str:
    """A word; a sign that stands by itself is a sign: a bullet, a paragraph's."""
    return word if _SIGN.fullmatch(word) else "".join(TCVN3.get(letter, letter) for letter in word)


def _from_vni(word: str) -> str:
    """A word."""
    return _VNI_LETTER.sub(lambda letter: VNI[letter[0]], word)


_CONVERTERS: Mapping[Font, Callable[[str], str]] = {Font.TCVN3: _from_tcvn3, Font.VNI: _from_vni}


# --- Syllables --------------------------------------------------------------------------------------

_TONES = "\u0300\u0301\u0303\u0309\u0323"
#: sharp and heavy: a syllable that ends in c, ch, p or t has one of them
_OF_STOPPED = "\u0301\u0323"
_ONSETS = re.findall(r"\w+", "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x")
_RIMES = frozenset(
    re.findall(
        r"\w+",
        """a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo ep et ê êch êm ên
    ênh êp êt êu i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm
    oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uân uâng uât uây uc
    uê uêch uênh ui um un ung uôc uôi uôm uôn uông uôt up ut uơ uy uya uych uyên uyêt uynh uyt uyu ư ưa ưc ưi ưng ươc ươi ươm ươn
    ương ươp ươt ươu ưt ưu y ych yêm yên yêng yêt yêu ynh yt""",
    )
)


def is_syllable(word: str) -> bool:
    """Could this be a syllable of Vietnamese, written with its tone?"""
    parts = unicodedata.normalize("NFD", word.lower())
    tones = [letter for letter in parts if letter in _TONES]
    bare = unicodedata.normalize("NFC", "".join(letter for letter in parts if letter not in _TONES))
    if len(tones) > 1 or not _is_onset_and_rime(bare):
        return False
    is_stopped = bare.endswith(("c", "ch", "p", "t"))
    return not is_stopped or (bool(tones) and tones[0] in _OF_STOPPED)


def _is_onset_and_rime(bare: str) -> bool:
    if bare in ("gi", "gin"):
        return True
    return any(bare.startswith(onset) and bare[len(onset) :] in _RIMES for onset in ("", *_ONSETS))
