// Draws every chart of a report with uPlot. The numbers stand in the page as JSON; nothing is fetched.
(() => {
  "use strict";
  const root = document.documentElement;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const drawn = [];
  const colour = (slot) => getComputedStyle(root).getPropertyValue("--c" + slot).trim();
  const ink = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const fade = (slot, part) => {
    const hex = colour(slot).slice(1);
    const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${r},${g},${b},${part})`;
  };
  const STEPS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
  const trim = (text) => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
  const number = (value, percent) => {
    if (value == null) return "–";
    if (percent) return trim((value * 100).toPrecision(3)) + " %";
    const size = Math.abs(value);
    const step = STEPS.find(([least]) => size >= least);
    if (step) return trim((value / step[0]).toPrecision(3)) + " " + step[1];
    if (size === 0) return "0";
    return size >= 1e-4 ? trim(value.toPrecision(3)) : value.toExponential(1);
  };
  // A fan is five lines: two bands around the median. A plain line is one.
  const build = (chart, holder, legend) => {
    const series = [{}], data = [chart.x], bands = [];
    chart.lines.forEach((line) => {
      const first = series.length;
      line.values.forEach((values, index) => {
        const median = line.values.length === 1 || index === 2;
        series.push({
          stroke: median ? () => colour(line.slot) : "transparent",
          width: median ? 2 : 0,
          dash: median && line.dashed ? [5, 4] : undefined,
          fill: chart.stacked ? () => fade(line.slot, 0.55) : undefined,
          points: { show: false },
          spanGaps: chart.spans,
        });
        data.push(values);
      });
      if (line.values.length === 5) {
        bands.push({ series: [first + 4, first], fill: () => fade(line.slot, 0.13) });
        bands.push({ series: [first + 3, first + 1], fill: () => fade(line.slot, 0.22) });
      }
    });
    if (chart.stacked) {
      for (let index = 2; index < series.length; index++) bands.push({ series: [index, index - 1] });
    }
    legend.replaceChildren(...chart.lines.map((line) => {
      const item = document.createElement("span");
      item.style.setProperty("--own", `var(--c${line.slot})`);
      if (line.dashed) item.className = "dashed";
      item.textContent = line.label;
      return item;
    }));
    const readout = document.createElement("div");
    readout.className = "readout";
    readout.hidden = true;
    holder.append(readout);
    const show = (plot) => {
      const at = plot.cursor.idx;
      readout.hidden = at == null || plot.cursor.left < 0;
      if (readout.hidden) return;
      const date = document.createElement("div");
      date.textContent = new Date(chart.x[at] * 1000).toISOString().slice(0, 10);
      readout.replaceChildren(date, ...chart.lines.map((line) => {
        const item = document.createElement("div"), dot = document.createElement("i"), value = document.createElement("b");
        dot.style.setProperty("--own", `var(--c${line.slot})`);
        const values = (line.own ? [line.own] : line.values).map((values) => number(values[at], chart.percent));
        value.textContent = values.length === 5 ? values[2] : values[0];
        item.append(dot, line.label + " ", value, values.length === 5 ? `  ${values[0]} to ${values[4]}` : "");
        return item;
      }));
      // On the side where the pointer is not.
      const right = plot.cursor.left < plot.over.clientWidth / 2;
      readout.style.left = right ? "auto" : "66px";
      readout.style.right = right ? "18px" : "auto";
    };
    const axis = { stroke: () => ink("--faint"), grid: { stroke: () => ink("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    // Of a scale of powers only the powers are marked; of one that spans few of them, halves and fifths too.
    const powers = (plot, splits) => {
      const few = Math.log10(plot.scales.y.max / plot.scales.y.min) < 2.5;
      return splits.map((value) => {
        const digit = value && Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));
        return digit === 1 || digit === 10 || (few && (digit === 2 || digit === 5)) ? value : null;
      });
    };
    const marked = chart.log ? { filter: powers, grid: { ...axis.grid, filter: powers } } : {};
    const options = {
      width: Math.max(holder.clientWidth, 240),
      height: holder.clientHeight,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { show: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: {
        x: { time: true },
        y: chart.log
          ? { distr: 3 }
          : { range: (_, low, high) => {
              if (low == null) return [0, 1];
              const [from, to] = [Math.min(low, 0), Math.max(high, 0)];
              const free = chart.zero || low < 0 ? [from, to] : [low, high];
              const room = (free[1] - free[0] || Math.abs(free[1]) || 1) * 0.05;
              return [chart.zero && low >= 0 ? 0 : free[0] - room, free[1] + room];
            } },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 42 },
        { ...axis, ...marked, size: 58, values: (_, values) => values.map((value) => (value == null ? "" : number(value, chart.percent))) },
      ],
      series, bands,
      hooks: { setCursor: [show] },
    };
    const plot = new uPlot(options, data, holder);
    drawn.push([plot, holder]);
  };
  for (const chart of charts) {
    const figure = document.getElementById("chart-" + chart.id);
    build(chart, figure.querySelector(".plot"), figure.querySelector(".legend"));
  }
  const fit = () => drawn.forEach(([plot, holder]) => {
    const [width, height] = [Math.max(holder.clientWidth, 240), holder.clientHeight];
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
  });
  new ResizeObserver(fit).observe(document.querySelector("main"));
  const again = () => drawn.forEach(([plot]) => plot.redraw(false, true));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  // Paper is light whatever the screen is.
  addEventListener("beforeprint", () => { root.dataset.print = ""; fit(); again(); });
  addEventListener("afterprint", () => { delete root.dataset.print; fit(); again(); });
})();
