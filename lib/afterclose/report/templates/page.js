"use strict";
// Two helpers, and no more: copying a command, and sorting a table.

// A page in a logs folder that may be mounted anywhere: the folder is where it was opened from.
for (const code of document.querySelectorAll("code[data-place]")) {
  const path = decodeURIComponent(location.pathname);
  if (location.protocol === "file:" && path.endsWith(code.dataset.place)) {
    const folder = path.slice(0, -code.dataset.place.length);
    const plain = /^[\w@%+=:,./-]+$/.test(folder);
    code.textContent += " LOGS_DIR=" + (plain ? folder : "'" + folder.replaceAll("'", `'"'"'`) + "'");
  }
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
