"""Invented hamlets for trials, the same ones for everybody: no public list of Vietnam's hamlets exists (docs/hamlets.md).

Integer arithmetic and SHA-256, no other randomness. What is read comes from `units/data`; nothing here knows the database.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
RURAL = "Xã"


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of the 2024 tree: official code, type (Xã, Phường, Thị trấn), and its province's code."""

    code: str
    type: str
    province: str

    @property
    def uid(self) -> str:
        return f"2024-C{self.code}"

    def hash(self, purpose: str) -> int:
        """64 bits that depend on nothing but the purpose and the commune."""
        return int.from_bytes(hashlib.sha256(f"hamlets-v1|{purpose}|C{self.code}".encode()).digest()[:8], "big")


@dataclass(frozen=True, slots=True)
class Hamlet:
    """An invented hamlet: a code of seven digits, its name, and the uids of its communes before and since 1 July 2025."""

    code: str
    name: str
    commune_2024: str
    commune_2025: str

    @property
    def uid_2024(self) -> str:
        return f"2024-H{self.code}"

    @property
    def uid_2025(self) -> str:
        return f"2025-H{self.code}"


def all_hamlets() -> Iterator[Hamlet]:
    """The 90,508 hamlets, by commune and number."""
    communes = communes_2024(_rows("units_vn.csv"))
    lexicon = json.loads((DATA / "hamlet_lexicon.json").read_text(encoding="utf-8"))
    counts = hamlet_counts(communes, lexicon)
    successors = commune_successors(_rows("successions_2025.csv"))
    for commune in communes:
        names = hamlet_names(commune, counts[commune.code], lexicon)
        homes = spread(len(names), successors[commune.uid])
        for number, (name, home) in enumerate(zip(names, homes, strict=True), start=1):
            yield Hamlet(f"{commune.code}{number:02}", name, commune.uid, home)


def communes_2024(rows: Iterable[Mapping[str, str]]) -> list[Commune]:
    """The communes of the 2024 tree, sorted by code, from the rows of a units file (superiors before inferiors)."""
    province_of: dict[str, str] = {}
    communes = []
    for row in rows:
        if row["uid"].startswith("2024-"):
            province_of[row["uid"]] = province_of[row["parent_uid"]] if row["parent_uid"] else row["code"]
            if row["level"] == "commune":
                kind = next(kind for kind in ("Xã", "Phường", "Thị trấn") if row["name"].startswith(kind))
                communes.append(Commune(row["code"], kind, province_of[row["uid"]]))
    return sorted(communes, key=lambda commune: commune.code)


def commune_successors(rows: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """For each unit the uids of its successors, sorted, from the rows of a successions file."""
    successors: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        successors[row["predecessor_uid"]].append(row["successor_uid"])
    return {uid: sorted(found) for uid, found in successors.items()}


def hamlet_counts(communes: Iterable[Commune], lexicon: Mapping[str, Any]) -> dict[str, int]:
    """How many hamlets each commune has, by code: every type's target handed out by weight, largest remainders first."""
    counts: dict[str, int] = {}
    by_type: dict[str, list[Commune]] = defaultdict(list)
    for commune in communes:
        by_type[commune.type].append(commune)
    for kind, members in by_type.items():
        weights = {commune.code: lexicon["weights"][commune.hash("count") % len(lexicon["weights"])] for commune in members}
        to_share = lexicon["targets"][kind] - lexicon["base"] * len(members)
        total = sum(weights.values())
        quotas = {code: to_share * weight // total for code, weight in weights.items()}
        by_remainder = sorted(weights, key=lambda code: (-(to_share * weights[code] % total), code))
        for code in by_remainder[: to_share - sum(quotas.values())]:
            quotas[code] += 1
        counts.update((code, lexicon["base"] + quota) for code, quota in quotas.items())
    return counts


def hamlet_names(commune: Commune, count: int, lexicon: Mapping[str, Any]) -> list[str]:
    """The names of a commune's hamlets, in the order of their numbers."""
    style = lexicon["styles"][lexicon["province_style"][commune.province]]
    if commune.type != RURAL:
        return _numbered(lexicon["urban_override"].get(commune.province, style["urban"]), count)
    classifiers = lexicon["rural_override"].get(commune.province, style["rural"])
    classifier = classifiers[commune.hash("class") % len(classifiers)]
    if commune.hash("kind") % 100 < style["p_numbered"]:
        return _numbered(classifier, count)
    numbered = _numbered(style["mixed"], (count + 1) // 2) if "mixed" in style else []
    named = _compound_names(commune, lexicon["lexicons"][style["lexicon"]], lexicon["steps"])
    return numbered + [f"{classifier} {name}" for name in islice(named, count - len(numbered))]


def _numbered(classifier: str, count: int) -> list[str]:
    return [f"{classifier} {number}" for number in range(1, count + 1)]


def _compound_names(commune: Commune, lexicon: Mapping[str, Sequence[str]], steps: Sequence[int]) -> Iterator[str]:
    heads, tails = lexicon["head"], lexicon["tail"]
    size = len(heads) * len(tails)
    place = commune.hash("start") % size
    step = steps[commune.hash("step") % len(steps)]
    while True:
        head, tail = heads[place // len(tails)], tails[place % len(tails)]
        if head != tail:
            yield f"{head} {tail}"
        place = (place + step) % size


def spread(count: int, homes: Sequence[str]) -> list[str]:
    """Where `count` hamlets go, in order: contiguous blocks of equal size, the first ones one larger."""
    size, larger = divmod(count, len(homes))
    return [home for index, home in enumerate(homes) for _ in range(size + (index < larger))]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
