"""The burn-and-mint model of crates/sim/src/columnar/burn_and_mint.rs for the peers, operation by operation.

Providers, costs and shocks are the same functions of their number, the run and the day; 64-bit arithmetic.
"""

import numpy as np

PROVIDERS, DAYS = 1000, 3650
PRICE_AT_HALF, IMPACT, SOLD, MULTIPLE, PULL = 4.0, 5.0, 0.6, 20.0, 0.005
NET_EMISSION_MOST, EMISSION_DECAY, GROWTH, DEMAND_MOST, BURN_MOST = 5000.0, 0.99905, 0.004, 6000.0, 0.01
DEMAND_SHOCK, PRICE_SHOCK, FLOW_MOST, PRICE_LEAST = 0.02, 0.03, 0.2, 1e-6

_i = np.arange(PROVIDERS)
CAPACITY = 1 + 7 * _i % 10
COST = 2.0 + 6.0 * (617 * _i % 1000 + 0.5) / 1000.0
HURDLE = COST * 1.05
EXIT_DAYS = 20 + 13 * _i % 41
ENTER_DAYS = 10 + 29 * _i % 51
ACTIVE = _i % 5 == 0

# What is recorded a day, in this order.
RECORDED = ("supply", "price", "demand", "providers", "capacity", "utilisation", "burned", "minted")

# supply, price and balance after all days of run 0.
EXPECTED = (93638039.89666532, 0.829220837277222, 10774455.445857272)


def _mix(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def shocks(run):
    """Shocks to demand and price of every day of a run: uniform, mean 0, variance 1."""
    with np.errstate(over="ignore"):
        seed = _mix(np.array([run + 1], dtype=np.uint64))
        numbers = np.arange(1, 2 * DAYS + 1, dtype=np.uint64)
        bits = _mix(seed + numbers * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(11)
    return ((2.0 * (bits * 2.0**-53) - 1.0) * 1.7320508075688772).reshape(DAYS, 2)
