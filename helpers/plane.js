// The plane of codes: drag, click or press arrow keys, and the kernel decodes the point.
// https://anywidget.dev/en/afm/
function render({ model, el }) {
  const [left, top, width, height] = model.get("box"); // of the axes, in shares
  const [x0, x1, y0, y1] = model.get("limits");
  el.innerHTML = `
    <div style="display: flex; flex-wrap: wrap; gap: 1rem; align-items: center">
      <div class="plane" tabindex="0" role="application"
           style="position: relative; width: 480px; touch-action: none; cursor: crosshair">
        <img class="scatter" draggable="false" style="width: 100%; display: block">
        <svg viewBox="-14 -14 28 28" width="28" height="28" aria-hidden="true"
             style="position: absolute; transform: translate(-50%, -50%); pointer-events: none">
          <circle r="8" fill="none" stroke="white" stroke-width="5"/>
          <circle r="8" fill="none" stroke="black" stroke-width="2"/>
          <path d="M-14 0H14M0 -14V14" stroke="black"/>
        </svg>
      </div>
      <div>
        <img class="decoded" style="width: 196px; image-rendering: pixelated; display: block">
        <div class="said" aria-live="polite"></div>
      </div>
    </div>`;
  const plane = el.querySelector(".plane");
  const point = el.querySelector("svg");
  const scatter = el.querySelector(".scatter");
  const decoded = el.querySelector(".decoded");
  const said = el.querySelector(".said");
  plane.setAttribute("aria-label", model.get("instruction"));
  scatter.src = model.get("scatter");
  scatter.alt = model.get("alt");

  // One question at a time: while the kernel decodes, only the latest point is kept.
  // An answer that does not come within a second is given up.
  let waiting = null, asked = 0;
  function move(z) {
    z = [Math.min(x1, Math.max(x0, z[0])), Math.min(y1, Math.max(y0, z[1]))];
    const [a, b] = model.get("z");
    if (a === z[0] && b === z[1]) return;
    if (asked && performance.now() - asked < 1000) { waiting = z; return; }
    waiting = null; // older than this point
    asked = performance.now();
    model.set("z", z);
    model.save_changes();
    draw();
  }
  function draw() {
    const [a, b] = model.get("z");
    point.style.left = `${100 * (left + width * (a - x0) / (x1 - x0))}%`;
    point.style.top = `${100 * (top + height * (y1 - b) / (y1 - y0))}%`;
  }
  function show() {
    decoded.src = model.get("image").src;
    decoded.alt = said.textContent = model.get("image").said;
    if (asked) plane.dataset.milliseconds = performance.now() - asked;
    asked = 0;
    if (waiting) { const z = waiting; waiting = null; move(z); }
  }
  function follow(event) {
    const box = scatter.getBoundingClientRect();
    const a = ((event.clientX - box.left) / box.width - left) / width;
    const b = ((event.clientY - box.top) / box.height - top) / height;
    move([x0 + a * (x1 - x0), y1 - b * (y1 - y0)]);
  }
  plane.addEventListener("pointerdown", (event) => {
    plane.setPointerCapture(event.pointerId);
    follow(event);
  });
  plane.addEventListener("pointermove", (event) => {
    if (event.buttons) follow(event);
  });
  plane.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0],
                  ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault(); // JupyterLab would go to another cell
    event.stopPropagation();
    const step = event.shiftKey ? 0.1 : 0.02; // of the plane
    const [a, b] = waiting ?? model.get("z");
    move([a + way[0] * step * (x1 - x0), b + way[1] * step * (y1 - y0)]);
  });
  model.on("change:image", show);
  draw();
  show();
  return () => model.off("change:image", show);
}

export default { render };
