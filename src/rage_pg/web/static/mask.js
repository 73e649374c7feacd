// Painting a mask: what is painted may change. It goes with the form as a PNG that is transparent there.
"use strict";

const PAINT = "#e5484d";
const LEFT = 0;

class Mask {
  constructor(holder) {
    this.holder = holder;
    this.canvas = holder.querySelector("canvas");
    this.paint = this.canvas.getContext("2d");
    this.strokes = [];
    this.base = null;
    holder.querySelector(".easel img").src = holder.dataset.url;
    const before = painted.get(holder.id);
    if (before) {
      Object.assign(this, before);
      this.redraw();
      this.done();
    }
  }

  find(name) { return this.holder.querySelector(`[${name}]`); }

  at({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(clientX - left) * this.canvas.width / width, (clientY - top) * this.canvas.height / height];
  }

  begin(event) {
    if (event.button !== LEFT) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const size = this.find("data-brush").value / 100 * Math.max(this.canvas.width, this.canvas.height);
    this.stroke = { size, points: [this.at(event)] };
    this.strokes.push(this.stroke);
    this.draw(this.stroke);
  }

  go(event) {
    if (!this.stroke) return;
    this.stroke.points.push(...(event.getCoalescedEvents?.() ?? [event]).map((one) => this.at(one)), this.at(event));
    this.draw(this.stroke);
  }

  end() { this.stroke = null; }

  draw({ size, points }) {
    const paint = this.paint;
    Object.assign(paint, { strokeStyle: PAINT, lineWidth: size, lineCap: "round", lineJoin: "round" });
    paint.beginPath();
    paint.moveTo(...points[0]);
    for (const point of points.length > 1 ? points.slice(1) : points) paint.lineTo(...point);
    paint.stroke();
  }

  redraw() {
    this.paint.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.base) this.inverse(this.paint, this.base);
    this.strokes.forEach((stroke) => this.draw(stroke));
  }

  // Full where the picture is transparent, and the other way round.
  inverse(context, picture) {
    const { width, height } = this.canvas;
    context.globalCompositeOperation = "source-over";
    context.fillStyle = PAINT;
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "destination-out";
    context.drawImage(picture, 0, 0);
    context.globalCompositeOperation = "source-over";
  }

  undo() {
    if (!this.strokes.pop()) this.base = null;
    this.redraw();
  }

  clear() {
    this.strokes = [];
    this.base = null;
    this.redraw();
  }

  async take(file) {
    const picture = file && await createImageBitmap(file).catch(() => null);
    const { width, height } = this.canvas;
    const fits = picture && picture.width === width && picture.height === height;
    const fault = fits ? "" : !picture ? "This is no PNG that can be read."
      : `This PNG has ${picture.width} × ${picture.height} pixels; it must have ${width} × ${height}, as the picture has.`;
    const line = this.find("data-fault-of-file");
    line.textContent = fault;
    line.hidden = fits;
    if (!fits) return;
    this.clear();
    this.base = picture;
    this.redraw();
  }

  done() {
    const { strokes, base } = this;
    // Drawn once: the edges of a stroke that was drawn as it grew are harder, and it would differ the next time.
    this.redraw();
    const any = strokes.length > 0 || base !== null;
    if (any) painted.set(this.holder.id, { strokes, base }); else painted.delete(this.holder.id);
    this.holder.querySelector("[name=mask]").value = any ? this.png() : "";
    this.find("data-told").textContent = any ? "Only what you painted may change." : "All of it may change.";
    this.find("data-drop").hidden = !any;
  }

  png() {
    const made = document.createElement("canvas");
    Object.assign(made, { width: this.canvas.width, height: this.canvas.height });
    this.inverse(made.getContext("2d"), this.canvas);
    return made.toDataURL("image/png");
  }
}

const masks = new WeakMap();
// What was painted on a picture, by its holder: it waits there while another picture goes first.
const painted = new Map();

function maskOf(element) {
  const holder = element.closest?.("[data-mask]");
  if (holder && !masks.has(holder)) masks.set(holder, new Mask(holder));
  return holder && masks.get(holder);
}

document.addEventListener("click", ({ target }) => {
  const mask = maskOf(target);
  if (!mask) return;
  const does = (name) => target.closest(`[${name}]`);
  if (does("data-open")) mask.holder.querySelector("dialog").showModal();
  if (does("data-undo")) mask.undo();
  if (does("data-clear")) mask.clear();
  if (does("data-drop")) { mask.clear(); mask.done(); }
  if (does("data-done")) mask.holder.querySelector("dialog").close();
});

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-file]")) maskOf(target).take(target.files[0]).then(() => { target.value = ""; });
});

document.addEventListener("htmx:afterSettle", () => {
  document.querySelectorAll("[data-mask]").forEach((holder) => { if (painted.has(holder.id)) maskOf(holder); });
});

// However the dialog is left, what was painted counts.
document.addEventListener("close", ({ target }) => maskOf(target)?.done(), true);

document.addEventListener("pointerdown", (event) => { if (event.target.matches?.("[data-mask] canvas")) maskOf(event.target).begin(event); });
document.addEventListener("pointermove", (event) => { if (event.target.matches?.("[data-mask] canvas")) maskOf(event.target).go(event); });
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, (event) => { if (event.target.matches?.("[data-mask] canvas")) maskOf(event.target).end(); });
}
