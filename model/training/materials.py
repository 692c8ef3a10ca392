"""What the reader finds in labelled rows, for fitting: columns and masked text, computed once and kept.

Reading is the slow part of training. Its result is kept by `joblib.Memory` in `var/cache`, by the words of the rows and by
everything that decides what is read of them: the catalogue, the code and tables of the packages that read, and the
libraries behind them. Change one and the rows are read again; a result can be lost, never stale.
"""

import functools
import hashlib
import importlib.metadata
import multiprocessing
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import joblib
from scipy import sparse

import model
from model.features.columns import Column, ColumnMaker
from model.features.matrix import to_matrix
from model.features.reading import Reader, Reading
from model.features.routes import find_route
from model.indicators.registry import Catalogue, load_catalogue
from model.schema.advert import JobAdvert
from model.schema.decision import Label
from model.training.dataset import ROOT

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "phonenumbers",
    "opencc",
    "langdetect",
    "confusable-homoglyphs",
)
"""What decides the columns and the weights besides our own code."""
CACHE = ROOT / "var" / "cache"
_LARGEST_CACHE = "1G"
_CHUNK = 200
_READING = ("schema", "text", "indicators", "facts", "features")
"""Packages that decide what is read; the catalogue's own files are covered by its version."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


@dataclass(frozen=True)
class Materials:
    """What was read of each row, in the order of the rows."""

    matrix: sparse.csr_matrix
    """Columns of the detector, float64 (n_rows, n_columns)."""
    masked: tuple[str, ...]
    """The folded text of each row with contacts, places and pay replaced by their kind, and digits by 0."""
    languages: tuple[str, ...]
    """The language each row was read as."""


_Text = tuple[str | None, str]
"""Title and text of a row."""
_Read = tuple[tuple[tuple[str, float], ...], str, str]
"""Columns as (name, value), the masked text, and the language."""
_Work = tuple[tuple[_Text, ...], str, str]
"""Texts, the state they are read in, and the version of the catalogue."""


def matrix_of(
    rows: Sequence[Label],
    catalogue: Catalogue,
    names: Sequence[str],
    *,
    progress: Progress | None = None,
    n_jobs: int = -1,
    cache: Path | None = CACHE,
) -> sparse.csr_matrix:
    """Compute the columns of labelled rows, float64 (n_rows, n_columns); see `materials_of`."""
    return materials_of(rows, catalogue, names, progress=progress, n_jobs=n_jobs, cache=cache).matrix


def materials_of(
    rows: Sequence[Label],
    catalogue: Catalogue,
    names: Sequence[str],
    *,
    progress: Progress | None = None,
    n_jobs: int = -1,
    cache: Path | None = CACHE,
) -> Materials:
    """Read labelled rows in parallel over processes or a Dask cluster; what was read before comes from `cache`, None for no cache."""
    texts = [(row.title, row.text) for row in rows]
    state = reading_state(catalogue.version)
    work = [(tuple(texts[i : i + _CHUNK]), state, catalogue.version) for i in range(0, len(texts), _CHUNK)]
    read = _cached(cache)
    known = read.check_call_in_cache if cache is not None else (lambda _item: False)
    missing = [item for item in work if not known(item)]
    if missing:
        _keep_reader(catalogue)
    done: list[list[_Read]] = []
    with _workers(n_jobs if len(missing) > 1 else 1, cache) as run:
        for part in run(work):
            done.append(part)
            if progress:
                progress("reading adverts", min(len(done) * _CHUNK, len(rows)), len(rows))
    if missing and cache is not None:
        joblib.Memory(cache, verbose=0).reduce_size(bytes_limit=_LARGEST_CACHE)
    found = [row for part in done for row in part]
    columns = [[Column(name, value, ()) for name, value in pairs] for pairs, _, _ in found]
    return Materials(
        to_matrix(columns, names),
        masked=tuple(masked for _, masked, _ in found),
        languages=tuple(language for _, _, language in found),
    )


@functools.lru_cache
def reading_state(catalogue_version: str) -> str:
    """Digest of everything that decides what is read of a text."""
    digest = hashlib.sha256(catalogue_version.encode())
    package = Path(model.__file__).parent
    for name in _READING:
        for path in sorted((package / name).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and "catalogue" not in path.parts:
                digest.update(str(path.relative_to(package)).encode())
                digest.update(path.read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library}={importlib.metadata.version(library)}".encode())
    return digest.hexdigest()


@contextmanager
def _workers(n_jobs: int, cache: Path | None) -> Iterator[Callable[[Sequence[_Work]], Iterable[list[_Read]]]]:
    """Give a map that keeps order: over a Dask cluster where joblib is told so, else over forked processes.

    Forked workers share the reader that was just built; a cluster's workers build their own, once each.
    """
    one = functools.partial(_read_cached, cache)
    if "Dask" in type(joblib.parallel.get_active_backend()[0]).__name__:
        parallel = joblib.Parallel(return_as="generator")
        yield lambda work: parallel(joblib.delayed(one)(item) for item in work)
        return
    n_processes = joblib.cpu_count() if n_jobs < 0 else n_jobs
    if n_processes == 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield lambda work: map(one, work)
        return
    pool = ProcessPoolExecutor(n_processes, multiprocessing.get_context("fork"))
    try:
        yield lambda work: pool.map(one, work)
    finally:
        # A fault in one chunk ends the run at once; multiprocessing.Pool may wait for ever on its own queue instead.
        pool.shutdown(cancel_futures=True)


_READERS: dict[str, tuple[Reader, ColumnMaker]] = {}
"""One reader per process, by catalogue version: building it takes longer than reading a chunk."""


def _keep_reader(catalogue: Catalogue) -> None:
    if catalogue.version not in _READERS:
        _READERS.clear()
        _READERS[catalogue.version] = (Reader(catalogue), ColumnMaker(catalogue))


def _read_cached(cache: Path | None, work: _Work) -> list[_Read]:
    found: list[_Read] = _cached(cache)(work)
    return found


def _cached(cache: Path | None) -> "joblib.memory.MemorizedFunc":
    return joblib.Memory(cache, verbose=0).cache(_read)


def _read(work: _Work) -> list[_Read]:
    texts, _, version = work
    if version not in _READERS:
        _keep_reader(load_catalogue())
    reader, maker = _READERS[version]
    found = []
    for title, text in texts:
        reading = reader.read(JobAdvert(id="row", title=title, description=text))
        columns = tuple((column.name, column.value) for column in maker.columns(reading, find_route(reading)))
        found.append((columns, masked_text(reading), reading.language.code))
    return found


def masked_text(reading: Reading) -> str:
    """Give the folded text with contacts, places and pay replaced by their kind and digits by 0.

    What is left is wording: no n-gram of it can hold a handle, a town or an amount, so that none is learnt.
    """
    text = reading.text.text
    parts = [(c.start, c.end, f" {c.kind}contact ") for c in reading.contacts]
    parts += [(p.start, p.end, " payamount ") for p in reading.pay]
    parts += [(p.start, p.end, " placename ") for p in reading.places]
    kept, at = [], 0
    for start, end, kind in sorted(parts):
        if start >= at:
            kept += [text[at:start], kind]
            at = end
    kept.append(text[at:])
    return re.sub(r"\d", "0", " ".join("".join(kept).split()))
