"""The one file behind a fit, read strictly: an unknown name is an error, not a silent default."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from model.errors import InputError
from model.schema.record import Record

CONFIG = Path(__file__).parent / "config.toml"

Share = Annotated[float, Field(ge=0, le=1)]


class DataConfig(Record):
    """Where labelled adverts come from."""

    labels: tuple[str, ...]
    """Folders of `*.jsonl` batches, or files, relative to the repository."""


class FitConfig(Record):
    """How weights are fitted."""

    seed: int
    """Decides the folds; the optimiser itself is deterministic."""
    precision: Annotated[float, Field(gt=0)]
    """Inverse variance of the prior on the scam-centre head's weights."""
    head_precision: Annotated[float, Field(gt=0)]
    """The same for the other heads."""
    neighbour_weight: Share
    """How much a row of another deception counts against the scam-centre head: flagging one is no false alarm on an honest advert."""
    folds: Annotated[int, Field(ge=2)]
    """Grouped folds for out-of-fold predictions."""
    language_weight: Share
    """0: every row counts alike; 1: every language counts alike."""


class CalibrationConfig(Record):
    """What a score means."""

    base_rate: Annotated[float, Field(gt=0, lt=1)]
    """Assumed share of scam-centre adverts among those scored."""


class ThresholdConfig(Record):
    """Where bands begin, by how many honest rows may cross them out of fold."""

    review_false_alarms: Share
    """Share of honest rows at or above `review`."""
    high_false_alarms: Share
    """Share of honest rows at or above `high`."""
    not_an_advert: Share
    """Probability from which a text is called no advert."""


class GateConfig(Record):
    """How much worse a candidate may be and still be promoted."""

    recall_drop: Share
    """Of scam-centre recall at the false-alarm bar."""
    pair_drop: Share
    """Of lures that outscore their twin."""
    slice_false_alarm_rise: Share
    """Of false alarms in any slice of honest adverts."""
    slice_recall_drop: Share = 0.10
    """Of recall in any language or variant."""
    slice_chance: Share = 0.10
    """How likely chance alone would have made a slice that much worse: above this, it is not held against a candidate."""
    precision_move: Share = 0.02
    """Of the share of flagged adverts that are lures, at either line, up or down: partners set their own lines by it."""


class TrainConfig(Record):
    """Every choice behind a fit."""

    data: DataConfig
    fit: FitConfig
    calibration: CalibrationConfig
    thresholds: ThresholdConfig
    gate: GateConfig


def load_config(path: Path = CONFIG) -> TrainConfig:
    """Read and check a config file; raises `InputError` naming the file, the setting and what is wrong."""
    try:
        return TrainConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is not TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {where}: {first['msg']}") from error
