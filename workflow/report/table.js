// Sorting and filtering of every table.sortable: by a button in each heading, by a search field beside the table.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const text = (row, column) => row.cells[column].textContent.trim();
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const compare = new Intl.Collator("en", { numeric: true }).compare;
      rows.sort((a, b) => (up ? 1 : -1) * compare(text(a, column), text(b, column)));
      body.append(...rows);
    });
  });
  const search = document.getElementById(table.dataset.search);
  const shown = document.getElementById(table.dataset.count);
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const all = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => all.includes(word));
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${rows.length} patients`;
  });
}
