"""What figures have in common: a cause that hits all of them, one a kind of figure, one a driver, and their own luck.

Every cause is a named stream of random numbers: one item more, or another order of items, changes no other's draws, and
the same seed gives the same bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["quantity", "unit_cost"]
"""How much of something it takes (effort and scope), or what one of it costs (the price level)."""

OF_ALL = 2 / 3
"""Which part of what lines of different drivers have in common is common to quantities and prices alike."""


@dataclass(frozen=True)
class Causes:
    """The causes of ``draws`` trials under a ``seed``.

    ``between``: the correlation of two figures of one kind under different drivers; of different kinds, two thirds of
    it.
    ``within``: that of two figures of one kind under one driver. ``held`` keeps what was drawn and is asked for again.
    """

    seed: int
    draws: int
    between: float
    within: float
    held: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)

    def stream(self, *names: str) -> np.random.Generator:
        """The random numbers of a name: PCG64, seeded with the sha256 of ``SEED:NAME:NAME...``."""
        import numpy as np

        told = ":".join((str(self.seed), *names)).encode()
        return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(told).digest(), "big")))

    def scores(self, kind: Kind, driver: str, name: str) -> Floats:
        """Standard normal scores of a figure, one a draw: what it shares, and the rest of its own."""
        import numpy as np

        of_all, of_kind = OF_ALL * self.between, (1 - OF_ALL) * self.between
        shared = np.sqrt(of_all) * self._cause("all")
        shared += np.sqrt(of_kind) * self._cause("kind", kind)
        shared += np.sqrt(self.within - self.between) * self._cause("driver", driver, kind)
        shared += np.sqrt(1 - self.within) * self.stream("item", name, kind).standard_normal(self.draws)
        return np.asarray(shared)

    def walk(self, months: int, memory: float, *names: str) -> Floats:
        """A path of scores that remembers, shape (months, draws): each month standard normal, ``memory`` its
        correlation with the month before."""
        import numpy as np

        path = self.stream("months", *names).standard_normal((months, self.draws))
        step = np.sqrt(1 - memory**2)
        for month in range(1, months):
            path[month] *= step
            path[month] += memory * path[month - 1]
        return path

    def _cause(self, *names: str) -> Floats:
        key = ":".join(names)
        if key not in self.held:
            self.held[key] = self.stream("cause", *names).standard_normal(self.draws)
        return self.held[key]
