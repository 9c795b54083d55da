"""How long talks last and callers stay: laws of chance with a known mean, drawn many at a time.

Values are in seconds, or in whatever unit the mean is given in.
"""

from dataclasses import dataclass
from math import exp, inf, log1p, sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exponential:
    """No memory: what is still to come does not depend on what has been. cv² = 1."""

    mean: float

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """Give `count` independent values."""
        return generator.exponential(self.mean, count)

    @property
    def cv2(self) -> float:
        """Variance over the square of the mean."""
        return 1.0


@dataclass(frozen=True, slots=True)
class Lognormal:
    """As talks are: most short, a few very long. `log_sd` is the spread of the logarithm."""

    mean: float
    log_sd: float

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """Give `count` independent values."""
        return generator.lognormal(np.log(self.mean) - self.log_sd**2 / 2, self.log_sd, count)

    @property
    def cv2(self) -> float:
        """Variance over the square of the mean."""
        return exp(self.log_sd**2) - 1


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same. cv² = 0."""

    mean: float

    def draw(self, _generator: np.random.Generator, count: int) -> Floats:
        """Give `count` times the mean."""
        return np.full(count, self.mean)

    @property
    def cv2(self) -> float:
        """Variance over the square of the mean."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Gamma:
    """Any `cv2` above 0 (variance over the square of the mean); 1 is the exponential law."""

    mean: float
    cv2: float

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """Give `count` independent values."""
        return generator.gamma(1 / self.cv2, self.mean * self.cv2, count)


@dataclass(frozen=True, slots=True)
class Endless:
    """Callers who never hang up."""

    mean: float = inf

    def draw(self, _generator: np.random.Generator, count: int) -> Floats:
        """Give `count` times infinity."""
        return np.full(count, inf)


Law = Exponential | Lognormal | Constant | Gamma
Patience = Exponential | Lognormal | Constant | Gamma | Endless


def law_by_cv2(mean: float, cv2: float) -> Constant | Gamma:
    """Give a law of this mean and this squared coefficient of variation (0 or more)."""
    return Constant(mean) if cv2 == 0 else Gamma(mean, cv2)


def lognormal_by_cv2(mean: float, cv2: float) -> Lognormal:
    """Give the lognormal law of this mean and this squared coefficient of variation."""
    return Lognormal(mean, sqrt(log1p(cv2)))
