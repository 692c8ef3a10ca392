from array import array
from collections.abc import Callable

def fold(
    text: str, describe: Callable[[str], tuple[str, bool]]
) -> tuple[str, array[int] | None, array[int] | None] | None: ...
def cut(text: str, classify: Callable[[str], int]) -> tuple[list[str], list[int], list[int]]: ...
def tally(text: str, number_of: Callable[[str], int], n_scripts: int) -> list[int]: ...
def walk(
    words: list[str],
    symbols: dict[str, int],
    steps: list[dict[int, int]],
    solid: list[tuple[tuple[int, int], ...]],
    gapped: list[tuple[tuple[int, int], ...]],
    near: list[tuple[set[int] | None, int, set[int] | None, int]],
    new_symbol: Callable[[str], int],
    new_step: Callable[[int, int], int],
) -> tuple[list[int], list[tuple[int, int, int]], list[tuple[int, int, int]]]: ...
