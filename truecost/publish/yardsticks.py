"""The published figures that ours are held against (docs/facts.md), each once."""

from __future__ import annotations

from dataclasses import dataclass

ARTICLE = "“Fine-Tuning Economics: The Real Cost Calculation Before You Commit” (Tian Pan, 2026)"


@dataclass(frozen=True)
class Yardstick:
    """A figure of the article; ``ours`` names the figure of a model that stands beside it."""

    text: str
    figure: str
    ours: str


YARDSTICKS = {
    "F1": Yardstick("True cost against the estimate teams make", "3 to 5 times", "multiplier_at_horizon"),
    "F2": Yardstick(
        "The training run's share of true cost", "20 to 30 % (3.3 to 5 times)", "training_share_at_horizon"
    ),
    "F3": Yardstick(
        "An example: $3,000 of GPU hours, $30,000 with engineers' time", "10 times", "multiplier_at_horizon"
    ),
    "F12": Yardstick("Failed experiments' share of the training spend", "30 to 50 %", "failed_share"),
    "F17": Yardstick("Chips and staff, of what self-hosting costs", "70 to 80 %", "people_and_compute_share"),
}
F2_TIMES = (3.3, 5.0)  # as a multiplier: the training run is 20 to 30 % of true cost
F3_TIMES = 10.0
