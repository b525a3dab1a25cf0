"""What is told beside a verdict: when staying has cost as much as a retraining, what would flip it, and when to ask
again. Pure; amounts are floats here, since they are estimates, and are told rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

_LATE_TENTH = 1.2816  # standard errors from the middle to the tenth and ninetieth percentile


@dataclass(frozen=True)
class Stakes:
    """A fall and its price.

    Attributes:
        fall: in the score's own unit, with the standard ``error`` of it.
        unit_cost_a_day: money a day for each whole unit lost.
        retrain_cost: money.
        accumulated: money that the fall has cost since the baseline.
        horizon: days that staying and retraining are compared over.
        delay: days from a retraining's beginning to its model in production.
        gain: the share of a fall that a retraining is expected to win back.
    """

    fall: float
    error: float
    unit_cost_a_day: float
    retrain_cost: float
    accumulated: float
    horizon: float
    delay: float
    gain: float = 1.0

    @property
    def a_day(self) -> float:
        """What the fall costs a day."""
        return self.fall * self.unit_cost_a_day

    @property
    def staying(self) -> tuple[float, float]:
        """The tenth and the ninetieth percentile of what staying costs within the horizon, by the scores' errors."""
        low, high = (max(0.0, self.fall + sign * _LATE_TENTH * self.error) for sign in (-1, 1))
        return low * self.unit_cost_a_day * self.horizon, high * self.unit_cost_a_day * self.horizon

    @property
    def worst_a_day(self) -> float:
        """The ninetieth percentile of what the fall costs a day: beyond it, the evidence has worsened."""
        return max(0.0, self.fall + _LATE_TENTH * self.error) * self.unit_cost_a_day

    @property
    def mended_days(self) -> float:
        """The days of the horizon that a retraining begun now would mend, by its share."""
        return max(0.0, self.horizon - self.delay) * self.gain

    @property
    def break_even_days(self) -> float | None:
        """Days from now until a retraining has saved what it costs; None where nothing is lost."""
        won = self.a_day * self.gain
        return self.delay + self.retrain_cost / won if won > 0 else None

    @property
    def break_even_fall(self) -> float | None:
        """The fall from which a retraining pays within the horizon; None where none does."""
        worth = self.unit_cost_a_day * self.mended_days
        return self.retrain_cost / worth if worth > 0 else None

    @property
    def break_even_price(self) -> float:
        """The price of a retraining up to which it pays within the horizon."""
        return self.a_day * self.mended_days

    @property
    def days_until_price(self) -> float | None:
        """Days until what staleness has cost since the baseline passes a retraining's price."""
        left = self.retrain_cost - self.accumulated
        return max(0.0, left / self.a_day) if self.a_day > 0 else None


def told(
    stakes: Stakes, currency: str, worth: float, what: str, mended: float | None = None, pays: bool | None = None
) -> tuple[str, ...]:
    """Sentences beside a verdict.

    Args:
        stakes: the fall and its price.
        currency: of all amounts.
        worth: what ``what`` (a wrong answer, a point) costs now.
        what: see there.
        mended: what a retraining begun now is expected to save; None where the scores' errors are not known.
        pays: whether it is decided to pay; None where that is by the fall alone.
    """
    low, high = stakes.staying
    days, fall = stakes.break_even_days, stakes.break_even_fall
    said = [
        f"by the scores' errors, staying costs {currency} {low:,.2f} to {high:,.2f} (P10 to P90); "
        f"since the baseline it has cost about {currency} {stakes.accumulated:,.2f}"
    ]
    if days is not None and fall is not None:
        is_enough = stakes.break_even_price >= stakes.retrain_cost
        flips = "less would make it hold" if is_enough else "then it would pay"
        if is_enough and pays is False:
            flips = "more is needed now, since it may pass"
        value = worth * fall / stakes.fall
        said.append(
            f"a retraining begun now has saved what it costs after {days:,.0f} days; it pays from "
            f"{currency} {_shown(value)} {what}, a fall of {fall:.3f}, or a price of up to "
            f"{currency} {stakes.break_even_price:,.2f}: {flips}"
        )
    if mended is not None:
        said.append(
            f"a retraining begun now is expected to save {currency} {mended:,.2f} within the horizon, with the chance "
            "that the fall passes by itself, or is overtaken by the next change, taken into account"
        )
    return tuple(said)


def _shown(value: float) -> str:
    """A unit price: in cents, or in as many places as it has figures."""
    return f"{value:,.2f}" if value >= 1 else f"{value:.3g}"
