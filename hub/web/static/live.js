// One stream per browser: the tab that holds the lock listens and tells the others. What happened becomes an event
// on <body>, at most once a second, and the parts of the page that show it fetch themselves anew (htmx).
//
//   hub:inbox         a list of conversations may look different
//   hub:conversation  the conversation of this page changed
//   hub:outbox        a reply changed its state
//   hub:channels      a channel's health changed

// Times are told as they are here, unless somebody chose another zone on their account's page.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `hub-zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;

// What was just done is told once, and until the next thing is done: neither again nor in the way.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(history.state, "", here);
}
const tidy = () => document.querySelectorAll("body.desk .toast:not(.bad)").forEach((toast) => toast.remove());
for (const deed of ["pointerdown", "keydown"]) addEventListener(deed, tidy, { once: true });

const EVERY = 1000;
const AGAIN = 5000;
const KINDS = {
  message_received: ["inbox"],
  message_changed: ["inbox"],
  conversation_read: ["inbox"],
  conversation_changed: ["inbox"],
  reply_queued: ["inbox", "outbox"],
  reply_moved: ["outbox"],
  reply_settled: ["inbox", "outbox"],
  channel_changed: ["channels"],
};

const due = new Set();
let timer = 0;
let last = 0;

function flush() {
  timer = 0;
  last = Date.now();
  for (const name of due) document.body.dispatchEvent(new CustomEvent(`hub:${name}`));
  due.clear();
}

function refresh(names) {
  names.forEach((name) => due.add(name));
  if (timer || !due.size) return;
  timer = setTimeout(flush, Math.max(0, last + EVERY - Date.now()));
}

function take(told) {
  if (told.kind === "reset") return refresh(["inbox", "conversation", "outbox", "channels"]);
  const { conversation, channels = "" } = document.querySelector("[data-conversation]")?.dataset ?? {};
  const names = KINDS[told.kind] ?? [];
  // A channel that cannot answer any more, or can again, concerns every conversation that is open through it.
  const ours = told.kind === "channel_changed" && channels.split(" ").includes(String(told.channel_id));
  refresh(ours || String(told.conversation_id) === conversation ? [...names, "conversation"] : names);
}

// A new tab asks the listening one how far it is: when something happened since the page was made, it refreshes.
const others = new BroadcastChannel("hub-live");
let position = document.body.dataset.live;
let listening = false;
others.onmessage = ({ data }) => {
  if (data.ask) return listening && others.postMessage({ position });
  if (!data.position) return take(data);
  if (data.position !== position) take({ kind: "reset" });
  position = data.position;
};
others.postMessage({ ask: true });

function listen() {
  listening = true;
  open();
  return new Promise(() => {}); // the lock is held until the tab is gone
}

function open() {
  const source = new EventSource(`/live?after=${position}`);
  const tell = (event, told) => {
    position = event.lastEventId || position;
    take(told);
    others.postMessage(told);
  };
  source.onmessage = (event) => tell(event, JSON.parse(event.data));
  source.addEventListener("reset", (event) => tell(event, { kind: "reset" }));
  // The browser asks again by itself, except after an answer that is no stream: a proxy gives one while we start anew.
  source.onerror = () => source.readyState === EventSource.CLOSED && setTimeout(open, AGAIN);
}

// Without a secure context there are no locks; then every tab listens for itself.
if (navigator.locks) navigator.locks.request("hub-live", listen);
else listen();

// A page from the browser's cache shows an old state.
addEventListener("pageshow", (event) => event.persisted && take({ kind: "reset" }));
