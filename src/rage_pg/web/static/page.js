// The server renders everything; this marks the chosen cards and what is used of a proposal, looks after the lines that show errors, and hides
// the way to the panel of references where that is in view.
"use strict";

function markChosen() {
  const chosen = [...document.querySelectorAll("#choice [data-chosen]")].map((item) => item.dataset.chosen);
  for (const card of document.querySelectorAll("#found [data-image]")) {
    const place = chosen.indexOf(card.dataset.image) + 1;
    card.setAttribute("aria-pressed", String(place > 0));
    card.querySelector(".place").textContent = place || "";
  }
  for (const use of document.querySelectorAll("#found [data-use]")) {
    use.dataset.unused ??= use.textContent;
    const used = use.dataset.use.split(" ").every((image) => chosen.includes(image));
    use.classList.toggle("done", used);
    use.textContent = used ? use.dataset.used : use.dataset.unused;
  }
}

function noticeOf(target) {
  return document.getElementById(`notice-${target.id}`);
}

document.addEventListener("htmx:afterSwap", markChosen);

// Going back shows other images; the form of the prompt stands outside of what is swapped.
document.addEventListener("htmx:historyRestore", () => {
  const told = document.querySelector("#found [data-prompt]")?.dataset.prompt;
  document.getElementById("prompt").value = told ?? new URLSearchParams(location.search).get("prompt") ?? "";
  markChosen();
});

// Whoever was logged out meanwhile is sent to the log-in.
document.addEventListener("htmx:historyCacheMissLoadError", () => location.reload());

// A prompt is rarely more than a line: Enter searches, Shift and Enter break the line.
document.addEventListener("keydown", (event) => {
  if (event.target.name !== "prompt" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// What a person starts anew takes away the error of the last try; polling does not.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.triggeringEvent) noticeOf(detail.target)?.replaceChildren();
});

document.addEventListener("htmx:sendError", ({ detail }) => {
  const line = document.createElement("p");
  line.className = "unreachable";
  line.textContent = "The service does not answer. Is it still running?";
  noticeOf(detail.target)?.replaceChildren(line);
});

// Polling goes on by itself when the service is back.
document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  noticeOf(detail.target)?.querySelector(".unreachable")?.remove();
});

document.addEventListener("DOMContentLoaded", () => {
  const panel = document.getElementById("choice");
  if (!panel) return;
  const watch = ([seen]) => document.body.classList.toggle("at-panel", seen.isIntersecting);
  new IntersectionObserver(watch, { rootMargin: "0px 0px -120px" }).observe(panel);
});
