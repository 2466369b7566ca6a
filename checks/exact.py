"""Exact numbers for the checkers: whole numbers, fractions, decimals of 60 digits. Standard library only."""

import decimal
from fractions import Fraction

decimal.getcontext().prec = 60
decimal.getcontext().Emax = 10**6
decimal.getcontext().Emin = -(10**6)


class Near:
    """A value that the rule may miss by at most `bound`."""

    def __init__(self, value, bound):
        self.value, self.bound = Fraction(value), Fraction(bound)

    def __repr__(self):
        return f"{float(self.value)} within {float(self.bound)}"


class Refused(Exception):
    """The rule refuses these inputs."""


class In:
    """The inputs of one evaluation, by name."""

    def __init__(self, values):
        self.values = values

    def raw(self, name, default=None):
        value = self.values.get(name, default)
        if value is None:
            raise KeyError(name)
        return value

    def n(self, name, default=None):
        return whole(self.raw(name, default))

    def ns(self, name, default=None):
        return [whole(v) for v in self.raw(name, default)]

    def d(self, name, default=None):
        return fraction(self.raw(name, default))

    def ds(self, name, default=None):
        return [fraction(v) for v in self.raw(name, default)]

    def share(self, name, default=None):
        return Fraction(str(self.raw(name, default)).rstrip("%").replace("_", "")) / 100


def whole(value):
    return int(str(value).replace("_", ""))


def fraction(value):
    return Fraction(str(value).replace("_", ""))


def floor(x):
    x = Fraction(x)
    return x.numerator // x.denominator


def ceil(x):
    return -floor(-x)


def cut(x, places):
    """Towards zero at a decimal place."""
    scaled = Fraction(x) * 10**places
    return Fraction(floor(scaled) if scaled >= 0 else ceil(scaled), 10**places)


def half_even(x, places):
    """To the nearest at a decimal place, a half to the even neighbour."""
    scaled = Fraction(x) * 10**places
    low = floor(scaled)
    rest = scaled - low
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1):
        low += 1
    return Fraction(low, 10**places)


def text(x):
    """A fraction whose denominator divides a power of ten, as decimal text without trailing zeros."""
    x = Fraction(x)
    places = 0
    while (x * 10**places).denominator != 1:
        places += 1
        if places > 80:
            raise ValueError(f"{x} is no finite decimal")
    digits = str(abs(x * 10**places).numerator).rjust(places + 1, "0")
    head, tail = (digits[:-places], digits[-places:]) if places else (digits, "")
    return ("-" if x < 0 else "") + head + ("." + tail if tail else "")


def big(x):
    """A decimal of 60 digits from a fraction."""
    x = Fraction(x)
    return decimal.Decimal(x.numerator) / decimal.Decimal(x.denominator)


def of_decimal(x):
    """The fraction that a decimal is."""
    return Fraction(x)


def exp(x):
    return Fraction(big(x).exp())


def ln(x):
    return Fraction(big(x).ln())


def isqrt(x):
    """The whole part of a square root, by bisection."""
    low, high = 0, 1
    while high * high <= x:
        high *= 2
    while low + 1 < high:
        middle = (low + high) // 2
        if middle * middle <= x:
            low = middle
        else:
            high = middle
    return low
