// What the inbox adds for people with JavaScript: keys, the counter while writing, the seconds of undo, a draft that
// survives the page. Everything works without it.

const thread = document.getElementById("thread");
const composer = document.getElementById("composer");
const text = composer?.elements.text;

// --- the newest message stays in sight unless somebody scrolled away
let atEnd = true;
const toEnd = () => thread && (thread.scrollTop = thread.scrollHeight);
thread?.addEventListener("scroll", () => {
  atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
});
thread?.addEventListener("htmx:afterSwap", () => {
  if (atEnd) toEnd();
  tick();
});
// Who comes back from a button at a message finds it again.
if (!location.hash.startsWith("#m")) toEnd();

// --- seconds until a reply leaves
function tick() {
  for (const shown of document.querySelectorAll("[data-due]")) {
    const seconds = Math.ceil((Date.parse(shown.dataset.due) - Date.now()) / 1000);
    const form = shown.parentElement.querySelector("form");
    shown.textContent = seconds > 0 ? shown.dataset.soon.replace("{seconds}", seconds) : shown.dataset.now;
    if (form && seconds <= 0) form.hidden = true;
  }
}
tick();
setInterval(tick, 500);

// --- the counter, in the network's own units
let counting = 0;
async function count() {
  const draft = new FormData(composer);
  draft.delete("files");
  const answer = await fetch(composer.dataset.measure, {
    method: "POST",
    body: draft,
    headers: { "X-CSRF-Token": composer.elements.csrf_token.value },
  });
  if (!answer.ok) return;
  const told = await answer.json();
  const left = document.getElementById("left");
  left.textContent = told.left;
  left.classList.toggle("over", told.is_over);
  left.setAttribute("aria-live", told.is_over ? "polite" : "off");
  showParts(told.parts);
}

// --- a long answer becomes a thread: its posts as they will stand there
function showParts(texts) {
  const parts = document.getElementById("parts");
  if (!parts) return;
  parts.hidden = texts.length < 2;
  parts.replaceChildren(
    ...texts.map((each) => {
      const part = document.createElement("li");
      part.dir = "auto";
      part.textContent = each;
      return part;
    }),
  );
}
function countSoon() {
  clearTimeout(counting);
  counting = setTimeout(count, 150);
}

// --- the draft of this conversation, kept in this tab until we come back from having sent it: a session may have ended
const place = composer && `draft ${composer.action}`;
if (text) {
  if (location.hash === "#sent") {
    sessionStorage.removeItem(place);
    sessionStorage.removeItem(`pictures ${composer.action}`);
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  if (!text.value) text.value = sessionStorage.getItem(place) ?? "";
  if (text.value) {
    sessionStorage.setItem(place, text.value);
    countSoon();
  }
  text.addEventListener("input", () => {
    sessionStorage.setItem(place, text.value);
    countSoon();
  });
  composer.addEventListener("submit", (event) => {
    if (composer.dataset.sent) return event.preventDefault();
    composer.dataset.sent = "1";
  });
  addEventListener("pageshow", () => delete composer.dataset.sent);
}

composer?.addEventListener("change", (event) => event.target.id !== "files" && countSoon());

// A page that answers a form shows what was written at the form's address, which nobody can open: it gets its own.
const open = document.querySelector("[data-conversation]")?.dataset.conversation;
if (open && !location.pathname.endsWith(`/conversations/${open}`))
  history.replaceState(history.state, "", `/conversations/${open}${location.search}`);

// --- the key that sends, as this keyboard has it
const sendKey = document.getElementById("send-key");
if (sendKey) {
  sendKey.textContent = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘↵" : `${sendKey.dataset.control} ↵`;
  sendKey.hidden = false;
}

// --- keys; single letters only while nobody writes
const rows = () => [...document.querySelectorAll(".row .who")];
const placeOf = (all) => all.findIndex((row) => row === document.activeElement || row.hasAttribute("aria-current"));

// What has been answered leaves the list of open ones: who walks on goes on where it stood.
const below = () => {
  const all = rows();
  const here = placeOf(all);
  if (here >= 0) sessionStorage.setItem("below", all[here + 1]?.id ?? all[here - 1]?.id ?? "");
};
below();
document.getElementById("rows")?.addEventListener("htmx:afterSwap", below);

function step(by) {
  const all = rows();
  let here = placeOf(all);
  if (here < 0 && thread) {
    const next = all.findIndex((row) => row.id === sessionStorage.getItem("below"));
    if (next >= 0) here = by > 0 ? next - 1 : next;
  }
  const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
  if (!next) return;
  if (thread) next.click();
  else next.focus();
}
const keys = {
  j: () => step(1),
  k: () => step(-1),
  r: () => text?.focus(),
  n: () => {
    const note = document.getElementById("note-text");
    if (!note) return;
    note.closest("details").open = true;
    note.focus();
  },
  z: () => document.querySelector('button[data-key="z"]')?.click(),
};
addEventListener("keydown", (event) => {
  const writing = event.target.matches("input, textarea, select, [contenteditable]");
  if (writing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return event.target.form?.requestSubmit();
  if (writing && event.key === "Escape") return event.target.blur();
  if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
