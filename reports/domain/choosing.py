"""How many units are to be chosen of those that a superior has (a province's decision such as “20 % of each commune's hamlets”)."""

from __future__ import annotations


def needed(candidates: int, share: int) -> int:
    """`share` in a hundred of the candidates, rounded up: whoever has one candidate chooses it. Exact, in whole numbers."""
    return -(-candidates * share // 100)
