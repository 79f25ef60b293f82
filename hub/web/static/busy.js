// A form whose answer takes a while says so: <form data-busy="Testing…">. Its button shows the words, screen readers
// hear them, and it is sent once.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.busy) return;
  if (form.hasAttribute("aria-busy")) return event.preventDefault();
  const pressed = event.submitter;
  const button = pressed && !pressed.hidden ? pressed : form.querySelector(".acts button") ?? form.querySelector("button");
  form.setAttribute("aria-busy", "true");
  button.dataset.words = button.textContent;
  button.textContent = form.dataset.busy;
  button.setAttribute("aria-disabled", "true");
  const told = document.createElement("p");
  told.className = "unseen";
  told.textContent = form.dataset.busy;
  document.getElementById("status").replaceChildren(told);
});

// Somebody who goes back finds the form as it was.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) {
    const button = form.querySelector("button[data-words]");
    form.removeAttribute("aria-busy");
    button.textContent = button.dataset.words;
    button.removeAttribute("aria-disabled");
  }
});
