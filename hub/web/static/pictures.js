// Pictures in the composer for people with JavaScript: chosen, dropped or pasted, they are taken in at once, and those
// of an unfinished draft are there again after a reload. Without it the form does the same in a few more steps.

const composer = document.getElementById("composer");
const files = document.getElementById("files");
const list = document.getElementById("pictures");
const problem = document.getElementById("pictures-problem");
const place = composer && `pictures ${composer.action}`;

function tell(words) {
  const told = document.createElement("p");
  told.className = "unseen";
  told.textContent = words;
  document.getElementById("status").replaceChildren(told);
}

function complain(words) {
  const told = document.createElement("p");
  told.className = "error";
  told.textContent = words;
  problem.replaceChildren(told);
}

function remember() {
  const kept = [...list.children].map((each) => [each.dataset.uploadId, each.querySelector('[name="alt"]').value]);
  if (kept.length) sessionStorage.setItem(place, JSON.stringify(kept));
  else sessionStorage.removeItem(place);
}

function insert(markup) {
  const shelf = document.createElement("template");
  shelf.innerHTML = markup;
  const added = shelf.content.querySelector(".upload");
  list.append(added);
  return added;
}

async function takeIn(file) {
  if (list.children.length >= Number(composer.dataset.most)) return complain(composer.dataset.tooMany);
  if (file.size > Number(composer.dataset.largest)) return complain(composer.dataset.tooLarge);
  tell(composer.dataset.taking);
  const form = new FormData();
  form.append("file", file);
  const headers = { "X-CSRF-Token": composer.elements.csrf_token.value };
  try {
    const answer = await fetch(composer.dataset.upload, { method: "POST", body: form, headers });
    const markup = await answer.text();
    if (answer.status === 422) problem.innerHTML = markup;
    else if (!answer.ok) complain(composer.dataset.broken);
    else {
      insert(markup).querySelector('[name="alt"]').focus();
      tell(composer.dataset.taken);
      remember();
    }
  } catch {
    complain(composer.dataset.broken);
  }
}

async function takeAll(chosen) {
  problem.replaceChildren();
  for (const file of chosen) if (file.type.startsWith("image/")) await takeIn(file);
  files.value = "";
}

async function restore() {
  const kept = JSON.parse(sessionStorage.getItem(place) ?? "[]");
  if (list.children.length) return remember();
  for (const [id, alt] of kept) {
    const answer = await fetch(`${composer.dataset.upload}/${id}`);
    if (answer.ok) insert(await answer.text()).querySelector('[name="alt"]').value = alt;
  }
  remember();
}

if (list) {
  composer.classList.add("scripted");
  document.getElementById("add").hidden = true;
  document.getElementById("preview").hidden = true;
  files.addEventListener("change", () => takeAll(files.files));
  list.addEventListener("input", remember);
  list.addEventListener("click", (event) => {
    const button = event.target.closest('[name="remove"]');
    if (!button) return;
    event.preventDefault();
    button.closest(".upload").remove();
    problem.replaceChildren();
    remember();
    tell(composer.dataset.removed);
    files.focus();
  });
  composer.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    takeAll(pasted);
  });
  composer.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    composer.classList.add("dropping");
  });
  composer.addEventListener("dragleave", () => composer.classList.remove("dropping"));
  composer.addEventListener("drop", (event) => {
    composer.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    takeAll(event.dataTransfer.files);
  });
  restore();
}
