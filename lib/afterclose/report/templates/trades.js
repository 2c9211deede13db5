// The table of all decisions: sorted, filtered, and only the rows in sight are there at all.
// Data are the columns of trades_view.py. Text from outside is only ever set as text.

const ROW_PX = 34, SPARE_ROWS = 8, MINUTES_A_DAY = 1440;

async function tradesTable(section) {
  const packed = Uint8Array.from(atob(section.querySelector("script").textContent), (letter) => letter.charCodeAt(0));
  const data = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
  const count = data.id.length, decided = new Array(count), exited = new Array(count);
  for (let i = 0, at = 0; i < count; i++) {
    decided[i] = at += data.decided[i];
    exited[i] = at + data.held[i];
  }
  const box = section.querySelector(".rows"), table = box.querySelector("table"), body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells], why = section.querySelector(".why");
  const form = section.querySelector("form"), told = section.querySelector(".told");
  const day = (minutes) => dated(Math.floor(minutes / MINUTES_A_DAY));
  const share = (value) => (value === null ? "–" : (value > 0 ? "+" : "") + fixed(value / 1000, 2).replace("-", "−") + "\u00a0%");
  const signed = (value) => (value > 0 ? "+" : "") + money(value).replace("-", "−");
  const scored = (value) => (value === null || value === undefined ? "–" : fixed(value / 1000, 2));
  const reason = (i) => (data.score[i] === null ? "not judged" : data.size[i] === 0 ? "blocked" : data.size[i] < 1 ? "made smaller" : "let through");
  const columns = {
    decided: { key: (i) => decided[i], text: (i) => day(decided[i]) },
    symbol: { key: (i) => data.symbols[data.symbol[i]], text: (i) => data.symbols[data.symbol[i]] },
    side: { key: (i) => data.sides[data.side[i]], text: (i) => data.sides[data.side[i]] },
    exited: { key: (i) => exited[i], text: (i) => day(exited[i]) },
    money: { key: (i) => data.money[i], text: (i) => signed(data.money[i]) },
    pnl: { key: (i) => data.pnl[i], text: (i) => share(data.pnl[i]) },
    mae: { key: (i) => data.mae[i], text: (i) => share(data.mae[i]) },
    score: { key: (i) => data.score[i], text: (i) => scored(data.score[i]) },
    size: { key: (i) => data.size[i], text: (i) => fixed(data.size[i], 2) },
    reason: { key: reason, text: reason },
  };
  const numeric = new Set(["money", "pnl", "mae", "score", "size"]);
  let order = [], sort = { column: "decided", down: true }, chosen = -1, first = -1;

  function fits() {
    const { symbol, side, outcome, verdict } = Object.fromEntries(new FormData(form));
    const wanted = symbol.trim().toLowerCase();
    const lists = data.symbols.map((name) => name.toLowerCase());
    const exact = lists.includes(wanted);
    const symbols = new Set(lists.flatMap((name, at) => ((exact ? name === wanted : name.includes(wanted)) ? [at] : [])));
    return (i) =>
      symbols.has(data.symbol[i]) &&
      (!side || data.sides[data.side[i]] === side) &&
      (!outcome || (outcome === "won" ? data.pnl[i] > 0 : outcome === "lost" ? data.pnl[i] <= 0 : data.bad[i] === "1")) &&
      (!verdict || reason(i) === verdict);
  }

  function arrange() {
    const keep = fits(), { key } = columns[sort.column];
    order = [];
    for (let i = 0; i < count; i++) if (keep(i)) order.push(i);
    const keys = new Array(count), turn = sort.down ? -1 : 1;
    for (const i of order) keys[i] = key(i);
    order.sort((one, other) => {
      const a = keys[one], b = keys[other];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;  // unknown stays last
      return (a < b ? -turn : a > b ? turn : 0) || one - other;
    });
    let rules = 0, filtered = 0;
    for (const i of order) {
      rules += data.money[i];
      filtered += data.money[i] * data.size[i];
    }
    told.textContent = `${fixed(order.length, 0)} of ${fixed(count, 0)} decisions: rules alone ${signed(rules)}, this model ${signed(filtered)}`;
    table.setAttribute("aria-rowcount", order.length + 1);
    heads.forEach((head) => {
      if (head.dataset.column === sort.column) head.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    first = -1;
    show();
  }

  function rowOf(i, position) {
    const row = document.createElement("tr");
    row.dataset.trade = i;
    row.setAttribute("aria-rowindex", position + 2);
    if (i === chosen) row.setAttribute("aria-selected", "true");
    for (const head of heads) {
      const name = head.dataset.column, cell = document.createElement("td");
      cell.className = head.className;
      const text = columns[name].text(i);
      if (name === "symbol") {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "open";
        button.append(Object.assign(document.createElement("bdi"), { textContent: text }));
        cell.append(button);
      } else cell.textContent = text;
      if (numeric.has(name)) cell.classList.add("n");
      if ((name === "money" || name === "pnl") && data.pnl[i]) cell.classList.add(data.pnl[i] > 0 ? "good" : "bad");
      if (name === "reason" && text === "blocked") cell.classList.add("is-blocked");
      row.append(cell);
    }
    return row;
  }

  function spacer(rows) {
    const row = document.createElement("tr"), cell = document.createElement("td");
    row.className = "spacer";
    row.setAttribute("aria-hidden", "true");
    cell.colSpan = heads.length;
    cell.style.height = `${rows * ROW_PX}px`;
    row.append(cell);
    return row;
  }

  function show() {
    const rows = Math.ceil(box.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    const start = clamp(Math.floor(box.scrollTop / ROW_PX) - SPARE_ROWS, 0, Math.max(order.length - rows, 0));
    if (start === first) return;
    first = start;
    const end = Math.min(start + rows, order.length), focused = document.activeElement?.closest?.("tr")?.dataset.trade;
    body.replaceChildren(
      ...(start ? [spacer(start)] : []),
      ...order.slice(start, end).map((i, at) => rowOf(i, start + at)),
      ...(end < order.length ? [spacer(order.length - end)] : []),
    );
    if (focused !== undefined) body.querySelector(`[data-trade="${focused}"] button`)?.focus({ preventScroll: true });
  }

  const line = (parent, name, text, looks = "") => {
    const element = document.createElement(name);
    element.textContent = text;
    if (looks) element.className = looks;
    return parent.appendChild(element);
  };

  function explain(i) {
    why.replaceChildren();
    const title = line(why, "h3", "");
    line(title, "bdi", data.symbols[data.symbol[i]]);
    line(title, "span", ` ${data.sides[data.side[i]]}: ${reason(i)}`);
    const window = data.window[i] ?? 0, threshold = data.thresholds[window];
    const held = Math.max(0, Math.round(data.held[i] / MINUTES_A_DAY));
    const ended = data.exits[data.exit[i]] ? `, by ${data.exits[data.exit[i]].replaceAll("_", " ")}` : "";
    line(why, "p", `Decided ${day(decided[i])}, ended ${day(exited[i])}, after ${held} ${held === 1 ? "day" : "days"}${ended}.`);
    const judge = data.trained.length ? ` by the model of window ${window + 1}, which had learned from ${fixed(data.trained[window], 0)} earlier trades` : "";
    line(why, "p", data.score[i] === null
      ? "The filter had no score for it, so the rules traded it."
      : `Risk score ${scored(data.score[i])}${judge}. Blocked above ${threshold === null ? "–" : fixed(threshold, 2)}.`);
    const kept = data.money[i] * data.size[i];
    line(why, "p", `The rules made ${signed(data.money[i])} (${share(data.pnl[i])} net of fees), at worst ${share(data.mae[i])}; this model ${signed(kept)}.`);
    const moved = data.why[i] ?? [];
    if (moved.length) {
      line(why, "h4", "What moved its score most");
      const list = why.appendChild(document.createElement("dl"));
      for (let at = 0; at < moved.length; at += 3) {
        const [feature, value, raised] = moved.slice(at, at + 3), entry = list.appendChild(document.createElement("div"));
        const name = line(entry, "dt", "");
        line(name, "bdi", data.features[feature]);
        line(name, "small", value === null ? "was missing" : `was ${value}`);
        line(entry, "dd", `${raised > 0 ? "+" : "−"}${fixed(Math.abs(raised) / 1000, 2)}`, raised > 0 ? "bad" : "good");
      }
      line(why, "p", "Each is the score less what it would have been with that feature at its average in training.", "fine");
    }
    const id = line(why, "p", "Trade ", "fine");
    line(id, "bdi", data.id[i]);
  }

  function choose(i, { scroll = false, focus = false } = {}) {
    chosen = i;
    const position = order.indexOf(i);
    if (scroll) box.scrollTop = Math.max(0, position * ROW_PX - box.clientHeight / 2);
    else if (focus) {
      const top = position * ROW_PX, seen = box.clientHeight - 3 * ROW_PX;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top > box.scrollTop + seen) box.scrollTop = top - seen;
    }
    first = -1;
    show();
    explain(i);
    if (focus) body.querySelector(`[data-trade="${i}"] button`)?.focus({ preventScroll: true });
  }

  function csv() {
    // A text that begins like a formula would be run by a spreadsheet.
    const field = (value) => {
      const text = String(value ?? "");
      return typeof value === "string" ? `"${(/^[=+\-@\t\r]/.test(text) ? "'" : "") + text.replaceAll('"', '""')}"` : text;
    };
    const moment = (minutes) => new Date(minutes * 60000).toISOString().replace(":00.000Z", "Z");
    const names = "trade_id,symbol,side,decided,ended,exit_type,net_pnl,pnl_pct,mae_pct,bad,score,threshold,size_multiplier,reason";
    const lines = order.map((i) => [
      data.id[i], data.symbols[data.symbol[i]], data.sides[data.side[i]], moment(decided[i]), moment(exited[i]),
      data.exits[data.exit[i]], data.money[i], data.pnl[i] / 1e5, data.mae[i] === null ? null : data.mae[i] / 1e5,
      Number(data.bad[i]), data.score[i] === null ? null : data.score[i] / 1000, data.thresholds[data.window[i] ?? 0],
      data.size[i], reason(i),
    ].map(field).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([names + "\r\n" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = `decisions_${section.dataset.model}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  heads.forEach((head) => head.querySelector("button").addEventListener("click", () => {
    const column = head.dataset.column;
    sort = { column, down: sort.column === column ? !sort.down : numeric.has(column) || column === "decided" };
    box.scrollTop = 0;
    arrange();
  }));
  form.addEventListener("input", () => { box.scrollTop = 0; arrange(); });
  form.addEventListener("reset", () => setTimeout(arrange));
  form.addEventListener("submit", (event) => event.preventDefault());
  section.querySelector("[data-csv]").addEventListener("click", csv);
  let waiting = 0;
  box.addEventListener("scroll", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(show);
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-trade]");
    if (row) choose(Number(row.dataset.trade), { focus: true });
  });
  body.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], row = event.target.closest("tr[data-trade]");
    if (!step || !row) return;
    event.preventDefault();
    const next = order[order.indexOf(Number(row.dataset.trade)) + step];
    if (next !== undefined) choose(next, { focus: true });
  });
  document.addEventListener("pick", ({ detail }) => {
    const ended = (i) => Math.floor(exited[i] / MINUTES_A_DAY);
    let found = -1;
    for (let i = 0; i < count; i++) {
      if (ended(i) > detail.after && ended(i) <= detail.until && (found < 0 || Math.abs(data.money[i]) > Math.abs(data.money[found]))) found = i;
    }
    if (found < 0) return;
    if (!order.includes(found)) form.reset();
    setTimeout(() => {
      choose(found, { scroll: true, focus: true });
      section.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    });
  });
  section.querySelector(".needs-script").hidden = false;
  arrange();
  new ResizeObserver(() => { first = -1; show(); }).observe(box);
}

document.querySelectorAll("section.decisions").forEach(tradesTable);
