// Point at a chart and read it. The drawing stands in the page (time_chart.py); here it gets a
// crosshair, by mouse, finger and keyboard, and is drawn again for the time that is zoomed into.

const WIDE = 10000, HIGH = 1000, CLICK_MS = 280, DRAG_PX = 6;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const fixed = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const money = (value) => (Math.abs(value) < 0.005 ? "0" : fixed(value, Math.abs(value) >= 100 ? 0 : 2));
const forms = {
  money,
  percent: (value) => fixed(100 * value, 1).replace(/^-0\.0$/, "0.0").replace("-", "−") + "\u00a0%",
  count: (value) => fixed(value, 0),
};
const dated = (day) => {
  const date = new Date(day * 864e5);
  return `${date.getUTCDate()}\u00a0${MONTHS[date.getUTCMonth()]}\u00a0${date.getUTCFullYear()}`;
};
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const nearest = (days, day) => {
  let low = 0, high = days.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (days[middle] <= day) low = middle; else high = middle;
  }
  return day - days[low] <= days[high] - day ? low : high;
};
const drawn = (name, looks, parent, words) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in looks) element.setAttribute(key, looks[key]);
  if (words !== undefined) element.textContent = words;
  return parent.appendChild(element);
};

function levels(low, high, most) {
  const wanted = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= wanted * 0.999999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function logLevels(low, high) {
  if (high / low < 4) return levels(low, high, 5);
  const found = [];
  for (let ten = 10 ** Math.floor(Math.log10(low)); ten <= high; ten *= 10) {
    for (const digit of high / low < 300 ? [1, 2, 5] : [1]) {
      if (digit * ten >= low && digit * ten <= high) found.push(digit * ten);
    }
  }
  return { found, digits: low < 10 ? 2 : 0 };
}

// Where years, months or days begin between two days since 1970: [day, what is written there].
function dateMarks(first, last, most) {
  const start = new Date(first * 864e5), marks = [], span = last - first;
  const month = (year, at) => Date.UTC(year, at, 1) / 864e5;
  if (span > 900) {
    const years = new Date(last * 864e5).getUTCFullYear() - start.getUTCFullYear();
    const every = Math.ceil(years / most) || 1;
    for (let year = start.getUTCFullYear() + 1; month(year, 0) <= last; year++) {
      if (year % every === 0) marks.push([month(year, 0), String(year)]);
    }
  } else if (span > 60) {
    const every = Math.ceil(span / 30 / most);
    for (let at = start.getUTCMonth() + 1, day; (day = month(start.getUTCFullYear(), at)) <= last; at++) {
      const date = new Date(day * 864e5);
      if (date.getUTCMonth() % every === 0) marks.push([day, `${MONTHS[date.getUTCMonth()]}\u00a0${date.getUTCFullYear()}`]);
    }
  } else {
    const every = Math.max(1, Math.ceil((span + 1) / most));
    for (let day = first; day <= last; day += every) marks.push([day, dated(day).slice(0, -5)]);
  }
  return marks;
}

function timeChart(figure) {
  const { days, panels } = JSON.parse(figure.querySelector("script").textContent);
  const svg = figure.querySelector("svg.time"), axis = svg.querySelector("svg.dates");
  const when = figure.querySelector(".when"), shown = [...figure.querySelectorAll(".legend b")];
  const [until, ends] = [when.textContent, shown.map((value) => value.textContent)];
  const tools = figure.querySelector(".tools"), whole = tools.querySelector("[data-whole]");
  const logButton = tools.querySelector("[data-log]");
  const last = days.length - 1;
  let from = 0, to = last, at = last, log = false, anchor = null, clicked = 0;

  const plots = [...svg.querySelectorAll("svg.plot")].map((plot, position) => ({
    ...panels[position], plot, group: plot.previousElementSibling, top: Number(plot.getAttribute("y")),
    height: Number(plot.getAttribute("height")), grid: plot.querySelector("path"),
    lines: [...plot.querySelectorAll("[data-series]")], line: plot.querySelector("[data-level]"),
    band: drawn("rect", { class: "band-of-time", y: 0, height: HIGH, width: 0 }, plot),
    cross: drawn("path", { class: "s-ink cross", d: "M0 0", "stroke-width": 1 }, plot),
  }));
  for (const panel of plots) {
    panel.dots = panel.lines.map((line) => drawn("path", { class: `${line.getAttribute("class")} dot`, d: "M0 0" }, panel.plot));
  }

  const across = (day) => (WIDE * (day - days[from])) / Math.max(days[to] - days[from], 1);
  const scale = (panel, value) => {
    const [low, high] = panel.limits, put = log && panel.log ? Math.log : (x) => x;
    return (HIGH * (put(high) - put(value))) / (put(high) - put(low) || 1);
  };

  function drawDates() {
    axis.replaceChildren();
    const most = Math.max(2, Math.floor(svg.clientWidth / 78));
    for (const [day, words] of dateMarks(days[from], days[to], Math.min(most, 12))) {
      const x = `${across(day) / 100}%`;
      drawn("line", { x1: x, x2: x, y1: 0, y2: 5, class: "s-muted" }, axis);
      drawn("text", { x, y: 18, class: "f-muted mid" }, axis, words);
    }
  }

  function draw() {
    for (const panel of plots) {
      const logarithmic = log && panel.log;
      const seen = panel.series.flatMap((values) => values.slice(from, to + 1)).filter((value) => value !== null);
      if (panel.level !== null && !(from || to < last)) seen.push(panel.level);
      const [low, high] = [Math.min(...seen), Math.max(...seen)], free = 0.05 * (high - low) || 1e-6;
      panel.limits = logarithmic ? [low * (low / high) ** 0.05, high * (high / low) ** 0.05] : [low - free, high + free];
      panel.lines.forEach((line, position) => {
        let pen = "M", path = "";
        for (let i = from; i <= to; i++) {
          const value = panel.series[position][i];
          if (value === null) { pen = "M"; continue; }
          path += `${pen}${across(days[i]).toFixed(1)} ${scale(panel, value).toFixed(1)}`;
          pen = "L";
        }
        line.setAttribute("d", path || "M0 0");
      });
      const unit = panel.unit === "percent" ? 100 : 1;
      const { found, digits } = logarithmic ? logLevels(low, high) : levels(low * unit, high * unit, 5);
      panel.group.replaceChildren();
      let grid = "";
      for (const level of found) {
        const y = scale(panel, level / unit), sign = level < 0 ? "−" : "";
        grid += `M0 ${y.toFixed(1)}H${WIDE}`;
        drawn("text", { x: -8, y: panel.top + (panel.height * y) / HIGH + 4, class: "f-muted end" }, panel.group,
          sign + fixed(Math.abs(level), digits) + (unit > 1 ? "\u00a0%" : ""));
      }
      panel.grid.setAttribute("d", grid || "M0 0");
      panel.line?.setAttribute("d", `M0 ${scale(panel, panel.level).toFixed(1)}H${WIDE}`);
    }
    drawDates();
    whole.disabled = from === 0 && to === last;
    whole.setAttribute("aria-pressed", String(whole.disabled));
    if (figure.classList.contains("read")) point(at);
  }

  const reader = document.createElement("div");
  reader.className = "reader";
  reader.tabIndex = 0;
  const about = { role: "slider", "aria-valuetext": until, "aria-valuemin": 0, "aria-valuemax": last, "aria-valuenow": last,
    "aria-label": `${figure.dataset.label}: a point in time`, "aria-describedby": `${figure.dataset.name}-keys` };
  for (const key in about) reader.setAttribute(key, about[key]);
  svg.after(reader);

  function point(i) {
    at = clamp(i, from, to);
    figure.classList.add("read");
    const x = across(days[at]).toFixed(1);
    for (const panel of plots) {
      panel.cross.setAttribute("d", `M${x} 0V${HIGH}`);
      panel.dots.forEach((dot, position) => {
        const value = panel.series[position][at];
        dot.setAttribute("d", value === null ? "M0 0" : `M${x} ${scale(panel, value).toFixed(1)}h0`);
      });
    }
    when.textContent = dated(days[at]);
    const said = shown.map((value, position) => {
      const found = panels[0].series[position][at];
      value.textContent = found === null ? "–" : forms[panels[0].unit](found);
      return `${value.previousElementSibling.textContent} ${value.textContent}`;
    });
    reader.setAttribute("aria-valuenow", at);
    reader.setAttribute("aria-valuetext", `${when.textContent}: ${said.join(", ")}`);
  }

  function leave() {
    figure.classList.remove("read");
    when.textContent = until;
    shown.forEach((value, position) => { value.textContent = ends[position]; });
  }

  function zoom(first, final) {
    [from, to] = final - first < 2 ? [clamp(first - 1, 0, last), clamp(first + 1, 0, last)] : [first, final];
    draw();
  }

  // Whoever lists the trades looks for those that ended at this point of the curve.
  const pick = () => document.dispatchEvent(new CustomEvent("pick", { detail: { after: at ? days[at - 1] : -1e9, until: days[at] } }));
  const under = (event) => {
    const box = reader.getBoundingClientRect(), share = clamp((event.clientX - box.left) / box.width, 0, 1);
    return clamp(nearest(days, days[from] + share * (days[to] - days[from])), from, to);
  };
  const band = (one, other) => {
    const [start, end] = [across(days[Math.min(one, other)]), across(days[Math.max(one, other)])];
    for (const panel of plots) {
      panel.band.setAttribute("x", start);
      panel.band.setAttribute("width", end - start);
    }
  };

  reader.addEventListener("pointermove", (event) => {
    const here = under(event);
    if (anchor && Math.abs(event.clientX - anchor.x) > DRAG_PX) band(anchor.at, here);
    point(here);
  });
  reader.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType === "touch") return;
    anchor = { x: event.clientX, at: under(event) };
    reader.setPointerCapture(event.pointerId);
  });
  reader.addEventListener("pointerup", (event) => {
    if (!anchor) return;
    const [start, end] = [anchor.at, under(event)], dragged = Math.abs(event.clientX - anchor.x) > DRAG_PX;
    anchor = null;
    band(0, 0);
    if (dragged) return zoom(Math.min(start, end), Math.max(start, end));
    clearTimeout(clicked);  // a second click is a double one
    clicked = setTimeout(pick, CLICK_MS);
  });
  reader.addEventListener("pointercancel", () => { anchor = null; band(0, 0); });
  reader.addEventListener("dblclick", () => { clearTimeout(clicked); zoom(0, last); });
  reader.addEventListener("pointerleave", () => { if (document.activeElement !== reader) leave(); });
  reader.addEventListener("focus", () => { if (reader.matches(":focus-visible")) point(at); });
  reader.addEventListener("blur", leave);
  reader.addEventListener("keydown", (event) => {
    const far = Math.max(1, Math.round((to - from) / 10)), near = Math.max(1, Math.round((to - from) / 4));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -far, PageUp: far, Home: -last, End: last };
    if (event.key in steps) point(at + steps[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(clamp(at - near, from, to), clamp(at + near, from, to));
    else if (event.key === "-") zoom(clamp(from - near, 0, last), clamp(to + near, 0, last));
    else if (event.key === "Escape") zoom(0, last);
    else if (event.key === "Enter") pick();
    else return;
    event.preventDefault();
  });

  tools.hidden = false;
  logButton?.addEventListener("click", () => {
    log = !log;
    logButton.setAttribute("aria-pressed", String(log));
    draw();
  });
  for (const button of tools.querySelectorAll("[data-days]")) {
    button.addEventListener("click", () => zoom(nearest(days, days[last] - Number(button.dataset.days)), last));
  }
  whole.addEventListener("click", () => zoom(0, last));
  new ResizeObserver(drawDates).observe(svg);
  draw();
}

document.querySelectorAll("figure.chart").forEach(timeChart);
