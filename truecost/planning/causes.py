"""What figures have in common: a cause that hits all of them, one a kind of figure, one a driver, and their own luck.

Every cause is a named stream of random numbers: one item more, or another order of items, changes no other's draws, and
the same seed gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
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

        scores = self.stream("item", name, kind).standard_normal(self.draws)
        scores *= np.sqrt(1 - self.within)
        scores += self._shared(kind, driver)
        return scores

    def walk(self, months: int, memory: float, *names: str) -> Iterator[Floats]:
        """A path of scores that remembers, month by month: each standard normal, ``memory`` its correlation with the
        month before. What is handed out is only good until the next month."""
        import numpy as np

        random, step = self.stream("months", *names), np.sqrt(1 - memory**2)
        at, new = random.standard_normal(self.draws), np.empty(self.draws)
        for _ in range(months):
            yield at
            random.standard_normal(out=new)
            new *= step
            at *= memory
            at += new

    def forget(self, kind: str) -> None:
        """Let go of what is kept of a kind."""
        for key in [key for key in self.held if key.startswith(kind)]:
            del self.held[key]

    def _shared(self, kind: Kind, driver: str) -> Floats:
        """What a figure has in common with the others of its driver."""
        import numpy as np

        key = f"shared:{kind}:{driver}"
        if key not in self.held:
            of_all, of_kind = OF_ALL * self.between, (1 - OF_ALL) * self.between
            shared = np.sqrt(of_all) * self.cause("all")
            shared += np.sqrt(of_kind) * self.cause("kind", kind)
            own = self.stream("cause", "driver", driver, kind).standard_normal(self.draws)
            shared += np.sqrt(self.within - self.between) * own
            self.held[key] = shared
        return self.held[key]

    def cause(self, *names: str) -> Floats:
        """The scores of a cause that figures share, by draw."""
        key = ":".join(names)
        if key not in self.held:
            self.held[key] = self.stream("cause", *names).standard_normal(self.draws)
        return self.held[key]
