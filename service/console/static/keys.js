// Keys for people who work without a mouse. Every key presses a control that is on the page,
// so that nothing can be done by key that cannot be done without script.
"use strict";
(() => {
  const controls = new Map();
  for (const element of document.querySelectorAll("[data-keys]")) {
    if (!controls.has(element.dataset.keys)) controls.set(element.dataset.keys, element);
  }
  const rows = [...document.querySelectorAll("[data-rows] a")];
  const starts = new Set([...controls.keys()].filter((k) => k.includes(" ")).map((k) => k.split(" ")[0]));
  let pending = "";
  let sent = false;

  const typing = (t) => t.matches("input:not([type=hidden]), textarea, select");
  // On a Khmer or Thai layout `key` is a letter of that script; `code` still names the place on the board.
  const letter = (e) => (/^[\x21-\x7e]$/.test(e.key) ? e.key.toLowerCase()
    : (e.code.match(/^(?:Key|Digit|Numpad)([A-Z0-9])$/) || [, ""])[1].toLowerCase());

  const await_ = (key) => {
    pending = key;
    document.body.classList.toggle("choosing", key === "c");
  };

  const press = (element) => {
    if (element.matches("input, textarea, select")) element.focus();
    else element.click();
  };

  const moveRow = (step) => {
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Escape") return await_("");
    if (sent) return;
    const key = letter(event);
    if (!key) return;
    const full = pending ? `${pending} ${key}` : key;
    if (controls.has(full)) {
      event.preventDefault();
      await_("");
      press(controls.get(full));
    } else if (!pending && starts.has(key)) {
      event.preventDefault();
      await_(key);
    } else if (pending) {
      await_("");
    } else if (key === "g") {
      document.body.classList.toggle("no-gloss");
    } else if (rows.length && (key === "j" || key === "k")) {
      event.preventDefault();
      moveRow(key === "j" ? 1 : -1);
    }
  });

  // Two quick presses must not decide two adverts: a form that was sent is not sent again.
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
  }
  // The words of the next advert came with this page: they can be read while its own page is on the way.
  const ahead = document.getElementById("ahead");
  const showAhead = () => {
    document.querySelector(".case > .paper").replaceChildren(ahead.content.cloneNode(true));
    document.body.classList.add("ahead");
    document.getElementById("main").setAttribute("aria-busy", "true");
    scrollTo(0, 0);
  };
  for (const form of ahead ? document.querySelectorAll("form[data-ahead]") : []) {
    form.addEventListener("submit", (event) => { if (!event.defaultPrevented) setTimeout(showAhead); });
  }
  window.addEventListener("pageshow", (event) => {
    sent = false;
    if (event.persisted && document.body.classList.contains("ahead")) location.reload();
  });

  // Clocks run down from what the server said was left, so that a wrong clock here does no harm.
  const clocks = [...document.querySelectorAll(".clock[data-seconds]")].map((e) => [e, Number(e.dataset.seconds)]);
  const started = performance.now();
  const pad = (n) => String(n).padStart(2, "0");
  const tick = () => {
    for (const [element, given] of clocks) {
      const left = Math.max(0, Math.round(given - (performance.now() - started) / 1000));
      if (left >= 172800) continue;
      const hours = Math.floor(left / 3600);
      const minutes = Math.floor(left / 60) % 60;
      element.textContent = left === 0 ? "no longer" : `${hours ? `${hours}:${pad(minutes)}` : minutes}:${pad(left % 60)}`;
      element.classList.toggle("soon", left < 120);
    }
  };
  if (clocks.length) setInterval(tick, 1000);

  for (const form of document.querySelectorAll("form[data-auto]")) {
    form.classList.add("auto");
    form.addEventListener("change", () => form.requestSubmit());
  }
})();
