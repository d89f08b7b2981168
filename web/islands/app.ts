/** Every page: keyboard, key help, theme button. Loaded deferred; everything also works without it. */

const root = document.documentElement;
root.classList.add("js");

const places: Record<string, string> = { h: "/", t: "/documents", l: "/batches", x: "/verify", k: "/search", s: "/cases", y: "/signing" };
let waiting = 0; // when `g` was typed

function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (event.isComposing || event.keyCode === 229) return true; // Telex and VNI are still composing
  if (!target) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function help(): HTMLDialogElement | null {
  return document.getElementById("help") as HTMLDialogElement | null;
}

function move(step: number): void {
  const items = [...document.querySelectorAll<HTMLElement>("[data-list] [data-item]")];
  if (!items.length) return;
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = items[Math.min(items.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || help()?.open) return;
  const key = event.key;
  if (waiting && Date.now() - waiting < 1500 && places[key]) {
    const place = [...document.querySelectorAll<HTMLAnchorElement>(".main-nav a, .brand")].find(
      (link) => link.getAttribute("href") === places[key],
    );
    waiting = 0;
    if (place) {
      event.preventDefault();
      place.click();
    }
    return;
  }
  waiting = key === "g" ? Date.now() : 0;
  if (key === "/") {
    event.preventDefault();
    const box = document.querySelector<HTMLInputElement>("[data-search]");
    if (box) {
      box.focus();
      box.select();
    } else if (document.querySelector('.main-nav a[href="/search"]')) {
      location.href = "/search";
    }
  } else if (key === "?") {
    event.preventDefault();
    help()?.showModal();
  } else if (key === "j" || key === "k") {
    move(key === "j" ? 1 : -1);
  }
});

const helpButton = document.getElementById("help-button");
if (helpButton) {
  helpButton.hidden = false;
  helpButton.addEventListener("click", () => help()?.showModal());
}
help()?.addEventListener("click", (event) => {
  const target = event.target as HTMLElement;
  if (target === help() || target.closest(".close")) help()?.close();
});

for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.dropdown")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target as Node)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}
