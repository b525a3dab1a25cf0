"""How large a population stability index (PSI) two samples of one distribution reach by chance.

A fixed threshold, like the customary 0.1, ignores how many rows were compared: with 200 on each side, chance alone
passes it. Evidently measures the PSI; this module only says which value of it chance would not reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONCE_IN = 1000  # how seldom chance alone may pass the threshold, feature by feature
_DRAWS_BEYOND = 20  # how many of the draws lie beyond the quantile: enough for it to stand still
_FAR_BELOW = 10  # sparse bins were seen to raise the chi-squared quantile 2 times, and can't raise it 10 times


def threshold(
    reference_counts: NDArray[Any], current_counts: NDArray[Any], least: float, seed: int, once_in: int = ONCE_IN
) -> float:
    """The PSI that counts as drift: ``least``, or what chance reaches ``once_in`` times where that is more.

    The counts are rows by bin, of the same bins.
    """
    import numpy as np

    order = np.lexsort((current_counts, reference_counts))  # the same draws whatever the order of the bins
    reference_counts, current_counts = reference_counts[order], current_counts[order]
    bins, rows = len(reference_counts), (int(reference_counts.sum()), int(current_counts.sum()))
    if is_out_of_reach(least, bins, *rows, once_in):
        return least
    roughly = chi_squared_quantile(bins, *rows, once_in)
    return max(least, roughly, drawn_quantile(reference_counts, current_counts, seed, once_in))


def is_out_of_reach(value: float, bins: int, reference_rows: int, current_rows: int, once_in: int = ONCE_IN) -> bool:
    """Whether chance is so far from a PSI of ``value`` that its exact law does not matter."""
    return _FAR_BELOW * chi_squared_quantile(bins, reference_rows, current_rows, once_in) <= value


def chi_squared_quantile(bins: int, reference_rows: int, current_rows: int, once_in: int = ONCE_IN) -> float:
    """The PSI that chance exceeds once in ``once_in`` times, where every bin holds many rows.

    PSI / (1/n + 1/m) is then about chi-squared distributed with (bins - 1) degrees of freedom: Yurdakul and Naranjo,
    "Statistical properties of the population stability index", Journal of Risk Model Validation 14 (4), 2020.
    """
    from scipy.stats import chi2

    return float((1 / reference_rows + 1 / current_rows) * chi2.isf(1 / once_in, max(1, bins - 1)))


def drawn_quantile(
    reference_counts: NDArray[Any], current_counts: NDArray[Any], seed: int, once_in: int = ONCE_IN
) -> float:
    """The same by drawing: both samples together are dealt anew to the two sides, as a permutation test does.

    It holds in sparse bins too, where the chi-squared law does not, and where an empty bin counts by what stands in for
    zero. Any result is above it at most once in ``once_in`` draws.
    """
    import numpy as np

    together = np.asarray(reference_counts + current_counts, dtype=np.int64)
    dealt = np.random.default_rng(seed).multivariate_hypergeometric(
        together, int(reference_counts.sum()), size=_DRAWS_BEYOND * once_in, method="marginals"
    )
    drawn = psi(dealt, together - dealt)
    quantile = np.partition(drawn, -_DRAWS_BEYOND - 1)[-_DRAWS_BEYOND - 1]
    return float(np.nextafter(quantile, np.inf))


def psi(reference_counts: NDArray[Any], current_counts: NDArray[Any]) -> NDArray[Any]:
    """The PSI of each row of counts (samples x bins), with Evidently's stand-ins for empty bins.

    An empty bin's share is 0.0001, or a millionth of the smallest share where that is no more than 0.0001.
    """
    import numpy as np

    reference, current = _shares(reference_counts), _shares(current_counts)
    return np.asarray(((reference - current) * np.log(reference / current)).sum(axis=-1))


def _shares(counts: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    shares = counts / counts.sum(axis=-1, keepdims=True)
    smallest = np.where(shares > 0, shares, np.inf).min(axis=-1, keepdims=True)
    return np.where(shares > 0, shares, np.where(smallest <= 0.0001, smallest / 10**6, 0.0001))
