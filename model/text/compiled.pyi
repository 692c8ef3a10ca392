from array import array
from collections.abc import Callable, Sequence

def fold(
    text: str, describe: Callable[[str], tuple[str, bool]]
) -> tuple[str, array[int] | None, array[int] | None] | None: ...
def cut(text: str, classify: Callable[[str], int]) -> tuple[list[str], list[int], list[int]]: ...
def tally(text: str, number_of: Callable[[str], int], n_scripts: int) -> list[int]: ...
def walk(
    words: list[str],
    symbols: dict[str, int],
    labels: list[tuple[str, ...]],
    begun: list[int],
    edges: list[dict[str, int | Sequence[int]]],
    solid: list[tuple[int, ...]],
    gapped: list[tuple[int, ...]],
    near: list[tuple[set[int] | None, int, set[int] | None, int]],
    new_symbol: Callable[[str], int],
    new_state: Callable[[int, str], int],
    join: Callable[[tuple[int, ...]], int],
) -> tuple[list[int], list[tuple[int, int, int]], list[tuple[int, int, int]]]: ...
def weigh(
    odds: list[list[float]],
    chances: list[float],
    alpha: float,
    choose: Callable[[], int],
    sure: float,
    most: int,
) -> list[float]: ...
