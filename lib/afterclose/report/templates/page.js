"use strict";
// What every page can do: copy a command, sort a table, and choose two models to compare.

// A page in a logs folder that may be mounted anywhere: the folder is where it was opened from.
function completed(code) {
  if (!code.dataset.place) return;
  const path = decodeURIComponent(location.pathname);
  if (location.protocol === "file:" && path.endsWith(code.dataset.place)) {
    const folder = path.slice(0, -code.dataset.place.length);
    const plain = /^[\w@%+=:,./-]+$/.test(folder);
    code.textContent += " LOGS_DIR=" + (plain ? folder : "'" + folder.replaceAll("'", `'"'"'`) + "'");
  }
}
document.querySelectorAll("code[data-place]:not(#compare-command)").forEach(completed);

for (const form of document.querySelectorAll("form.compare-two")) {
  const code = document.getElementById("compare-command"), link = form.querySelector("a");
  const line = code.parentElement, drawn = new Set(form.dataset.drawn.split(" "));
  const choose = () => {
    const [a, b] = [form.elements.a.value, form.elements.b.value];
    code.textContent = `${form.dataset.command} A=${a} B=${b}`;
    completed(code);
    link.hidden = !drawn.has(`${a}_${b}`);
    link.href = `compare_${a}_${b}.html`;
    line.hidden = a === b;
  };
  form.hidden = false;
  form.addEventListener("input", choose);
  form.addEventListener("submit", (event) => event.preventDefault());
  choose();
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copies);
    const said = button.parentElement.querySelector(".copied");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    said.textContent = "Copied";
    setTimeout(() => { said.textContent = ""; }, 2000);
  });
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].sort((one, other) => {
        const [first, second] = [key(one, column), key(other, column)];
        // What has no value stays at the end, whichever way round.
        if (first === "" || second === "") return (first === "") - (second === "");
        const order = isNaN(first) || isNaN(second) ? first.localeCompare(second) : first - second;
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
