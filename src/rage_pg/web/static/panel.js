// The panel in which a picture is shaped: order of the references, errors beside their fields, and a form that
// comes back after a look at another page. The server renders everything.
"use strict";

const panel = () => document.getElementById("choice");

function renumber() {
  panel().querySelectorAll("[data-place]").forEach((place, index) => { place.textContent = index + 1; });
  markChosen();
  changed();
  maskFirst();
}

// A mask belongs to the picture that it was painted on: it waits there until that one is the first again.
function maskFirst() {
  const mask = panel().querySelector("[data-mask]");
  const first = panel().querySelector("[data-chosen]");
  if (!mask || !first || panel().querySelector("[name=parent]")) return;
  const list = document.getElementById("chosen");
  // Moved again before the answer: that would bring the earlier order back.
  htmx.trigger(list, "htmx:abort");
  if (mask.id === `mask-${first.dataset.chosen}`) { maskOf(mask).done(); return; }
  panel().querySelectorAll("[name=mask]").forEach((one) => { one.value = ""; });
  htmx.ajax("POST", "/page/choice", { source: list, target: "#choice", swap: "innerHTML" });
}

function move(item, by) {
  const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(item); else other.after(item);
  renumber();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-move]");
  if (!button) return;
  move(button.closest("li"), Number(button.dataset.move));
  button.focus();
});

// By the mouse an item is dragged to its place; buttons do the same for everybody else.
let dragged = null;

document.addEventListener("dragstart", ({ target, dataTransfer }) => {
  dragged = target.closest?.("#chosen > li") ?? null;
  if (!dragged) return;
  dragged.classList.add("dragged");
  dataTransfer.effectAllowed = "move";
  dataTransfer.setData("text/plain", "");
});

document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.("#chosen > li");
  if (!dragged || !over) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  if (over === dragged) return;
  if (event.clientY < top + height / 2) over.before(dragged); else over.after(dragged);
});

document.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });

document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  if (dragged) renumber();
  dragged = null;
});

// Errors that name a field stand beside it.
function placeFaults() {
  for (const line of document.querySelectorAll(".panel > .notice [data-field]")) {
    const field = line.dataset.field.split(/[.[]/)[0];
    const places = [...document.querySelectorAll(`[data-fault~="${CSS.escape(field)}"]`)];
    const place = places.find((one) => panel().contains(one)) ?? places[0];
    if (!place) continue;
    place.replaceChildren(line);
    const options = place.closest("details");
    if (options) options.open = true;
    const control = place.closest(".field, .changing")?.querySelector("select, input, textarea")
      ?? (field === "prompt" ? document.getElementById("prompt") : null);
    control?.setAttribute("aria-invalid", "true");
    control?.focus();
    place.scrollIntoView({ block: "nearest" });
  }
}

function clearFaults() {
  document.querySelectorAll("[data-fault]").forEach((place) => place.replaceChildren());
  document.querySelectorAll("[aria-invalid]").forEach((control) => control.removeAttribute("aria-invalid"));
}

// A preview tells of the form as it was; the form itself is kept in this tab, for whoever logged in.
const KEPT = `choice ${document.body.dataset.user}`;
const NOT_KEPT = ["mask", "nonce"];

function changed() {
  document.getElementById("preview").replaceChildren();
  const fields = [...new FormData(panel())].filter(([name]) => !NOT_KEPT.includes(name));
  sessionStorage.setItem(KEPT, JSON.stringify(fields));
}

document.addEventListener("input", ({ target }) => {
  if (target.form?.id !== "choice" && target.form?.id !== "search") return;
  clearFaults();
  changed();
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  // Going back in the browser settles without a target.
  if (detail.target?.id === "choice") changed();
  if (detail.target?.id === "preview") document.getElementById("preview-title")?.focus();
});

document.addEventListener("htmx:afterSwap", placeFaults);

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (["outcome", "preview"].includes(detail.target.id) && detail.requestConfig.verb === "post") clearFaults();
});

document.addEventListener("DOMContentLoaded", () => {
  const asked = new URLSearchParams(location.search);
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  if (asked.has("parent") || asked.has("again")) {
    // Once: who reloads goes on with the form as it is then.
    changed();
    const prompt = document.getElementById("prompt").value;
    history.replaceState(null, "", prompt ? `/?${new URLSearchParams({ prompt })}` : "/");
  } else if (kept.some(([name, value]) => name.startsWith("role.") || (name === "parent" && value))) {
    htmx.ajax("POST", "/page/choice", { target: "#choice", values: Object.fromEntries(kept) });
  }
});
