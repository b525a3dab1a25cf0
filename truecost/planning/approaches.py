"""What differs by approach: the defaults of a lifecycle that a plan leaves out, each named with its fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from truecost.workspace.lifecycle import Approach, Lifecycle
from truecost.workspace.plan_figures import Range, certain


@dataclass(frozen=True)
class Default:
    """A default of an approach: the value, and where it is from."""

    value: Any
    source: str


def _range(low: str, likely: str, high: str) -> Range:
    return Range(low=Decimal(low), likely=Decimal(likely), high=Decimal(high))


def _number(amount: str) -> Range:
    return certain(Decimal(amount))


Defaults = Mapping[tuple[str, str], Default]
NONE = Default(_number("0"), "nothing of it in this approach")

_UNTRAINED: Defaults = {
    ("data", "examples"): NONE,
    ("training", "gpus"): Default(1, "nothing is trained"),
    ("training", "hours"): NONE,
    ("training", "gpu_hour"): NONE,
    ("training", "gpu_memory"): Default(80, "nothing is trained"),
    ("serving", "gpu_hour"): NONE,
    ("serving", "gpu_memory"): Default(80, "a provider serves"),
    ("serving", "sharing"): Default(1, "a provider serves"),
    ("people", "training_hours"): NONE,
    ("maintenance", "retrainings"): NONE,
}

DEFAULTS: Mapping[Approach, Defaults] = {
    "prompt": {
        **_UNTRAINED,
        ("people", "evaluation_hours"): Default(_range("60", "100", "160"), "F29: a baseline takes 2 to 4 weeks"),
        ("people", "deployment_hours"): Default(_range("8", "16", "30"), "assumed"),
        ("people", "operations_hours"): Default(_range("2", "4", "8"), "assumed"),
        ("", "other_per_month"): Default(_range("60", "100", "180"), "assumed"),
    },
    "retrieval": {
        **_UNTRAINED,
        ("people", "evaluation_hours"): Default(_range("70", "120", "200"), "F29: on top of the prompt's baseline"),
        ("people", "deployment_hours"): Default(_range("40", "80", "140"), "assumed"),
        ("people", "operations_hours"): Default(_range("4", "8", "14"), "assumed"),
        ("", "other_per_month"): Default(_range("80", "140", "240"), "assumed"),
    },
    "managed": {
        **_UNTRAINED,
        ("data", "examples"): Default(_range("1000", "1500", "2000"), "F4: 500 to 1,000 at the least"),
        ("people", "training_hours"): Default(_range("50", "60", "75"), "F3: engineers' time is most of it"),
        ("people", "evaluation_hours"): Default(_range("15", "20", "30"), "F30: in place before the first run"),
        ("people", "deployment_hours"): Default(_range("4", "8", "14"), "assumed"),
        ("people", "operations_hours"): Default(_range("0.5", "1", "2"), "assumed"),
        ("maintenance", "retrainings"): Default(_number("0"), "F16: none is planned; those that come are events"),
        ("", "other_per_month"): Default(_range("600", "700", "820"), "F17: 20 to 30 % of the whole"),
    },
    "lora": {
        ("data", "examples"): Default(_range("600", "750", "1000"), "F4: 500 to 1,000 at the least"),
        ("training", "gpus"): Default(4, "F7"),
        ("training", "hours"): Default(_range("190", "225", "255"), "F7: $1,000 to 3,500 a run"),
        ("training", "gpu_hour"): Default(_range("2.8", "3.2", "3.6"), "F10: $2.50 to 4.00"),
        ("training", "gpu_memory"): Default(80, "an H100 (F10)"),
        ("serving", "gpu_hour"): Default(_range("2.8", "3.2", "3.6"), "F10: $2.50 to 4.00"),
        ("serving", "gpu_memory"): Default(80, "an H100 (F10)"),
        ("serving", "sharing"): Default(8, "F20: adapters that share one base model; 25 were seen to"),
        ("people", "training_hours"): Default(_range("40", "48", "60"), "F3: engineers' time is most of it"),
        ("people", "evaluation_hours"): Default(_range("14", "18", "26"), "F30: in place before the first run"),
        ("people", "deployment_hours"): Default(_range("9", "12", "18"), "assumed"),
        ("people", "operations_hours"): Default(_range("1", "1.5", "2.5"), "F17"),
        ("maintenance", "retrainings"): Default(_number("0"), "F16: none is planned; those that come are events"),
        ("", "other_per_month"): Default(_range("500", "590", "700"), "F17: 20 to 30 % of the whole"),
    },
    "qlora": {
        ("data", "examples"): Default(_range("500", "600", "750"), "F4: 500 to 1,000 at the least"),
        ("training", "gpus"): Default(4, "F7"),
        ("training", "hours"): Default(_range("600", "700", "790"), "F7: $1,000 to 3,500 a run"),
        ("training", "gpu_hour"): Default(_range("0.6", "0.7", "0.8"), "F11: $0.40 to 0.80"),
        ("training", "gpu_memory"): Default(24, "F21: an RTX 3090 or 4090"),
        ("serving", "gpu_hour"): Default(_range("0.6", "0.7", "0.8"), "F11: $0.40 to 0.80"),
        ("serving", "gpu_memory"): Default(24, "F21: an RTX 3090 or 4090"),
        ("serving", "sharing"): Default(4, "F20: adapters that share one base model"),
        ("people", "training_hours"): Default(_range("24", "29", "36"), "F3: engineers' time is most of it"),
        ("people", "evaluation_hours"): Default(_range("12", "16", "22"), "F30: in place before the first run"),
        ("people", "deployment_hours"): Default(_range("7", "9", "13"), "assumed"),
        ("people", "operations_hours"): Default(_range("1", "1.5", "2.5"), "F17"),
        ("maintenance", "retrainings"): Default(_number("0"), "F16: none is planned; those that come are events"),
        ("", "other_per_month"): Default(_range("350", "420", "500"), "F17: 20 to 30 % of the whole"),
    },
    "full": {
        ("data", "examples"): Default(_range("2000", "2600", "3400"), "F4, more than the smallest set"),
        ("training", "gpus"): Default(8, "F9: several A100 or H100"),
        ("training", "hours"): Default(_range("360", "405", "440"), "F8: up to $12,000 a run"),
        ("training", "gpu_hour"): Default(_range("2.8", "3.2", "3.6"), "F10: $2.50 to 4.00"),
        ("training", "gpu_memory"): Default(80, "an H100 (F10)"),
        ("serving", "gpu_hour"): Default(_range("2.8", "3.2", "3.6"), "F10: $2.50 to 4.00"),
        ("serving", "gpu_memory"): Default(80, "an H100 (F10)"),
        ("serving", "sharing"): Default(1, "a model of its own shares nothing (F20)"),
        ("people", "training_hours"): Default(_range("130", "160", "200"), "F3: engineers' time is most of it"),
        ("people", "evaluation_hours"): Default(_range("30", "40", "60"), "F30: in place before the first run"),
        ("people", "deployment_hours"): Default(_range("20", "30", "45"), "assumed"),
        ("people", "operations_hours"): Default(_range("4", "6", "9"), "F17"),
        ("maintenance", "retrainings"): Default(_number("0"), "F16: none is planned; those that come are events"),
        ("", "other_per_month"): Default(_range("1800", "2100", "2500"), "F17: 20 to 30 % of the whole"),
    },
}


TRAINED: tuple[Approach, ...] = ("managed", "lora", "qlora", "full")
_DRIVERS = {("data", "examples"), ("maintenance", "retrainings")}  # the same for whatever is trained


def settled(lifecycle: Lifecycle, approach: Approach) -> Lifecycle:
    """The lifecycle under an approach, with nothing left out.

    What the plan says wins for its own approach, and its examples and retrainings for all that train. Of another
    approach the hours and GPUs are that approach's defaults.
    """
    own = lifecycle.approach == approach
    changed: dict[str, dict[str, Any]] = {}
    for (section, key), default in DEFAULTS[approach].items():
        holder = getattr(lifecycle, section) if section else lifecycle
        is_told = own or ((section, key) in _DRIVERS and {approach, lifecycle.approach} <= set(TRAINED))
        if getattr(holder, key) is None or not is_told:
            changed.setdefault(section, {})[key] = default.value
    for section, values in changed.items():
        if section:
            held = getattr(lifecycle, section).model_copy(update=values)
            lifecycle = lifecycle.model_copy(update={section: held})
        else:
            lifecycle = lifecycle.model_copy(update=values)
    return lifecycle.model_copy(update={"approach": approach})
