"""Numba: scalar loops, compiled on one thread; the compilation is not timed."""

import numpy as np
from numba import njit

import model as m

CAPACITY, COST, HURDLE = m.CAPACITY.astype(np.int64), m.COST, m.HURDLE
EXIT_DAYS, ENTER_DAYS, ACTIVE = m.EXIT_DAYS.astype(np.int32), m.ENTER_DAYS.astype(np.int32), m.ACTIVE


@njit
def _run(shocks, days):
    supply, price, demand, emission, utilisation, minted, burned = 1e8, 1.0, 300.0, 20000.0, 0.5, 0.0, 0.0
    active, streak, balance = ACTIVE.copy(), np.zeros(COST.shape[0], np.int32), np.zeros(COST.shape[0])
    capacity, providers = CAPACITY[ACTIVE].sum(), ACTIVE.sum()
    for day in range(days.shape[0]):
        service_price = m.PRICE_AT_HALF * (0.5 + utilisation)
        most = max(float(capacity), 1.0)
        served = min(demand * (m.PRICE_AT_HALF / service_price), float(capacity))
        utilisation = served / most
        revenue = served * service_price
        burn = min(revenue / price, m.BURN_MOST * supply)
        mint = emission + min(burn, m.NET_EMISSION_MOST)
        supply = (supply + mint) - burn
        minted += mint
        burned += burn
        flow = min(max((m.IMPACT * (burn - m.SOLD * mint)) / supply, -m.FLOW_MOST), m.FLOW_MOST)
        worth = ((m.MULTIPLE * revenue) * 365.0) / supply
        price = max((price * (1.0 + flow) + m.PULL * (worth - price)) * (1.0 + m.PRICE_SHOCK * shocks[day, 1]), m.PRICE_LEAST)
        reward = (mint * price) / most
        emission = emission * m.EMISSION_DECAY
        demand = max(
            (demand * (1.0 + m.GROWTH * (1.0 - demand / m.DEMAND_MOST))) * (1.0 + m.DEMAND_SHOCK * shocks[day, 0]), 1.0
        )
        for i in range(COST.shape[0]):
            if active[i]:
                margin = reward - COST[i]
                balance[i] += CAPACITY[i] * margin
                more = streak[i] + 1 if margin < 0.0 else 0
                if more >= EXIT_DAYS[i]:
                    active[i] = False
                    more = 0
                    capacity -= CAPACITY[i]
                    providers -= 1
            else:
                more = streak[i] + 1 if reward > HURDLE[i] else 0
                if more >= ENTER_DAYS[i]:
                    active[i] = True
                    more = 0
                    capacity += CAPACITY[i]
                    providers += 1
            streak[i] = more
        row = days[day]
        row[0], row[1], row[2], row[3] = supply, price, demand, providers
        row[4], row[5], row[6], row[7] = capacity, utilisation, burned, minted
    return balance.sum()


def warm():
    _run(m.shocks(0), np.empty((2, 8)))


def simulate(runs):
    days = np.empty((runs, m.DAYS, 8))
    balances = [_run(m.shocks(run), days[run]) for run in range(runs)]
    return days[0, -1, 0], days[0, -1, 1], balances[0]
