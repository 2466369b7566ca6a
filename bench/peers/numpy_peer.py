"""NumPy: all runs and providers of a day as one array."""

import numpy as np

import model as m


def warm():
    pass


def simulate(runs):
    full = lambda value: np.full(runs, value)
    supply, price, demand, utilisation, emission = full(1e8), full(1.0), full(300.0), full(0.5), 20000.0
    minted, burned = full(0.0), full(0.0)
    active = np.tile(m.ACTIVE, (runs, 1))
    streak, balance = np.zeros((runs, m.PROVIDERS), np.int16), np.zeros((runs, m.PROVIDERS))
    each = m.CAPACITY.astype(float)
    capacity, providers = active @ each, active.sum(1).astype(float)
    all_shocks = np.stack([m.shocks(run) for run in range(runs)], axis=2)
    days = np.empty((m.DAYS, 8, runs))
    for day in range(m.DAYS):
        demand_shock, price_shock = all_shocks[day]
        service_price = m.PRICE_AT_HALF * (0.5 + utilisation)
        most = np.maximum(capacity, 1.0)
        served = np.minimum(demand * (m.PRICE_AT_HALF / service_price), capacity)
        utilisation = served / most
        revenue = served * service_price
        burn = np.minimum(revenue / price, m.BURN_MOST * supply)
        mint = emission + np.minimum(burn, m.NET_EMISSION_MOST)
        supply = (supply + mint) - burn
        minted += mint
        burned += burn
        flow = np.clip((m.IMPACT * (burn - m.SOLD * mint)) / supply, -m.FLOW_MOST, m.FLOW_MOST)
        worth = ((m.MULTIPLE * revenue) * 365.0) / supply
        price = np.maximum((price * (1.0 + flow) + m.PULL * (worth - price)) * (1.0 + m.PRICE_SHOCK * price_shock), m.PRICE_LEAST)
        reward = ((mint * price) / most)[:, None]
        emission = emission * m.EMISSION_DECAY
        demand = np.maximum((demand * (1.0 + m.GROWTH * (1.0 - demand / m.DEMAND_MOST))) * (1.0 + m.DEMAND_SHOCK * demand_shock), 1.0)
        margin = reward - m.COST
        balance += active * (each * margin)
        streak = (streak + 1) * np.where(active, margin < 0.0, reward > m.HURDLE)
        turns = streak >= np.where(active, m.EXIT_DAYS, m.ENTER_DAYS)
        if turns.any():
            active ^= turns
            streak[turns] = 0
            capacity, providers = active @ each, active.sum(1).astype(float)
        days[day] = supply, price, demand, providers, capacity, utilisation, burned, minted
    return days[-1, 0, 0], days[-1, 1, 0], balance[0].sum()
