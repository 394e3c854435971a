"use strict";
const LONGEST = 32; // times the whole field

function compare(figure) {
  const view = figure.querySelector(".window"), stage = figure.querySelector(".stage");
  const line = figure.querySelector(".line"), border = figure.querySelector(".border"), bar = figure.querySelector(".bar");
  const images = [...stage.querySelectorAll("img")];
  const sides = ["left", "right"].map((side) => figure.querySelector("select." + side));
  let scale = 1, x = 0, y = 0, drag = null;

  function draw() {
    const width = view.clientWidth, height = view.clientHeight, at = (line.value / 1000) * width;
    x = Math.min(0, Math.max(width * (1 - scale), x));
    y = Math.min(0, Math.max(height * (1 - scale), y));
    stage.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    stage.classList.toggle("close", scale * width > 2 * images[0].naturalWidth);
    const share = Math.min(100, Math.max(0, (100 * (at - x)) / scale / width));
    for (const image of images) {
      const [left, right] = sides.map((side) => side.value === image.dataset.name);
      image.style.display = left || right ? "block" : "none";
      image.style.zIndex = left ? 1 : 0;
      image.style.clipPath = left ? `inset(0 ${100 - share}% 0 0)` : "none";
    }
    border.style.left = at + "px";
    drawBar(width);
  }

  function drawBar(width) {
    const size = Number(figure.dataset.pixelUm) || 1, unit = figure.dataset.pixelUm ? "\u00b5m" : "pixels";
    const each = (scale * width) / images[0].naturalWidth / size; // pixels of the screen for one um
    const wanted = width / 5 / each, power = 10 ** Math.floor(Math.log10(wanted));
    const length = [10, 5, 2, 1].map((n) => n * power).find((n) => n <= wanted * 1.5) || power;
    bar.style.width = length * each + "px";
    bar.firstElementChild.textContent = Number(length.toPrecision(1)) + " " + unit;
  }

  function zoom(factor, px = view.clientWidth / 2, py = view.clientHeight / 2) {
    const next = Math.min(LONGEST, Math.max(1, scale * factor));
    x = px - ((px - x) * next) / scale;
    y = py - ((py - y) * next) / scale;
    scale = next;
    draw();
  }

  line.addEventListener("input", draw);
  sides.forEach((side) => side.addEventListener("change", draw));
  figure.querySelector(".in").addEventListener("click", () => zoom(1.6));
  figure.querySelector(".out").addEventListener("click", () => zoom(1 / 1.6));
  figure.querySelector(".whole").addEventListener("click", () => zoom(0));
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = view.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  view.addEventListener("pointerdown", (event) => {
    drag = [event.clientX - x, event.clientY - y];
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    if (!drag) return;
    [x, y] = [event.clientX - drag[0], event.clientY - drag[1]];
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) view.addEventListener(end, () => { drag = null; });
  view.addEventListener("keydown", (event) => {
    const step = 40, moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key === "+" || event.key === "=") zoom(1.6);
    else if (event.key === "-") zoom(1 / 1.6);
    else if (event.key === "0") zoom(0);
    else if (moves[event.key]) { x += moves[event.key][0]; y += moves[event.key][1]; draw(); }
    else return;
    event.preventDefault();
  });
  new ResizeObserver(draw).observe(view);
  images.forEach((image) => image.addEventListener("load", draw));
  draw();
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const value = (row, n) => { const text = row.cells[n].textContent.trim(); return text !== "" && !isNaN(text) ? Number(text) : text; };
  heads.forEach((head, n) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      const rows = [...body.rows].sort((a, b) => (down ? -1 : 1) * order(value(a, n), value(b, n)));
      body.append(...rows);
    });
  });
}

document.querySelectorAll(".compared").forEach(compare);
document.querySelectorAll("table.sortable").forEach(sortable);
