"""radCAD with the options that its performance guide recommends: no deep copies, no rows of substeps, arrays as state."""

import numpy as np
from radcad import Backend, Engine, Experiment, Model, Simulation

import model as m

OPENING = dict(
    supply=1e8, price=1.0, demand=300.0, emission=20000.0, utilisation=0.5, minted=0.0, burned=0.0, reward=0.0,
    providers=int(m.ACTIVE.sum()), capacity=int(m.CAPACITY[m.ACTIVE].sum()),
    active=m.ACTIVE.copy(), streak=np.zeros(m.PROVIDERS, np.int16), balance=np.zeros(m.PROVIDERS),
)


def _market(params, substep, history, s):
    demand_shock, price_shock = params["shocks"][s["run"] - 1][s["timestep"]]
    service_price = m.PRICE_AT_HALF * (0.5 + s["utilisation"])
    most = max(float(s["capacity"]), 1.0)
    served = min(s["demand"] * (m.PRICE_AT_HALF / service_price), s["capacity"])
    revenue = served * service_price
    burn = min(revenue / s["price"], m.BURN_MOST * s["supply"])
    mint = s["emission"] + min(burn, m.NET_EMISSION_MOST)
    supply = (s["supply"] + mint) - burn
    flow = min(max((m.IMPACT * (burn - m.SOLD * mint)) / supply, -m.FLOW_MOST), m.FLOW_MOST)
    worth = ((m.MULTIPLE * revenue) * 365.0) / supply
    price = max((s["price"] * (1.0 + flow) + m.PULL * (worth - s["price"])) * (1.0 + m.PRICE_SHOCK * price_shock), m.PRICE_LEAST)
    demand = (s["demand"] * (1.0 + m.GROWTH * (1.0 - s["demand"] / m.DEMAND_MOST))) * (1.0 + m.DEMAND_SHOCK * demand_shock)
    return dict(
        supply=supply, price=price, demand=max(demand, 1.0), emission=s["emission"] * m.EMISSION_DECAY, utilisation=served / most,
        minted=s["minted"] + mint, burned=s["burned"] + burn, reward=(mint * price) / most,
    )


def _providers(params, substep, history, s):
    active, margin = s["active"], s["reward"] - m.COST
    balance = s["balance"] + active * (m.CAPACITY * margin)
    streak = (s["streak"] + 1) * np.where(active, margin < 0.0, s["reward"] > m.HURDLE)
    turns = streak >= np.where(active, m.EXIT_DAYS, m.ENTER_DAYS)
    if turns.any():
        active = active ^ turns
        streak[turns] = 0
    capacity = int(m.CAPACITY[active].sum())
    return dict(active=active, streak=streak, balance=balance, providers=int(active.sum()), capacity=capacity)


def _take(name):
    return lambda params, substep, history, state, signal: (name, signal[name])


def _block(policy, names):
    return {"policies": {"p": policy}, "variables": {name: _take(name) for name in names}}


BLOCKS = [
    _block(_market, ("supply", "price", "demand", "emission", "utilisation", "minted", "burned", "reward")),
    _block(_providers, ("active", "streak", "balance", "providers", "capacity")),
]


def warm():
    pass


def simulate(runs):
    params = {"shocks": [[m.shocks(run).tolist() for run in range(runs)]]}
    simulation = Simulation(
        model=Model(initial_state=dict(OPENING), state_update_blocks=BLOCKS, params=params), timesteps=m.DAYS, runs=runs
    )
    experiment = Experiment([simulation])
    experiment.engine = Engine(backend=Backend.SINGLE_PROCESS, deepcopy=False, drop_substeps=True)
    last = [row for row in experiment.run() if row["run"] == 1][-1]
    return last["supply"], last["price"], float(last["balance"].sum())
