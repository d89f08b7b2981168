/** The search box: suggestions while typing (a combobox as ARIA 1.2 describes it), and switches that ask at once. */
import { words } from "./api";
import { canonical, fold } from "./parts/fold.mjs";

interface Suggestion {
  kind: "number" | "issuer" | "type";
  text: string;
}

/** The text with what was typed in it marked, whatever accents either has. */
function marked(text: string, typed: string): (string | HTMLElement)[] {
  const clean = canonical(text);
  const sought = fold(canonical(typed.trim()));
  const start = fold(clean).indexOf(sought);
  if (!sought || start < 0) return [text];
  const mark = document.createElement("mark");
  mark.textContent = clean.slice(start, start + sought.length);
  return [clean.slice(0, start), mark, clean.slice(start + sought.length)];
}

const PAUSE = 150; // milliseconds without a key before anything is asked

function combobox(box: HTMLInputElement): void {
  const say = words(box);
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.getAttribute("aria-label") ?? "");
  list.hidden = true;
  const told = document.createElement("span");
  told.className = "visually-hidden";
  told.setAttribute("role", "status");
  box.after(list, told);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");
  let at = -1;
  let typed = box.value;
  let waiting = 0;
  let asked: AbortController | null = null;

  const close = (): void => {
    window.clearTimeout(waiting);
    asked?.abort();
    list.hidden = true;
    list.replaceChildren();
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };

  const show = (found: Suggestion[]): void => {
    close();
    told.textContent = found.length ? say("count", { n: found.length }) : "";
    found.forEach((one, n) => {
      const item = document.createElement("li");
      item.id = `suggestion-${n}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.dataset["text"] = one.text;
      const kind = document.createElement("small");
      kind.textContent = say(one.kind);
      item.append(...marked(one.text, typed), " ", kind);
      item.addEventListener("mousedown", (event) => {
        event.preventDefault(); // the box keeps the focus
        take(one.text);
      });
      list.append(item);
    });
    list.hidden = !found.length;
    box.setAttribute("aria-expanded", String(found.length > 0));
  };

  const take = (text: string): void => {
    box.value = text;
    close();
    box.form?.requestSubmit();
  };

  const ask = async (): Promise<void> => {
    typed = box.value;
    if (!typed.trim()) return close();
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`/api/v1/suggestions?q=${encodeURIComponent(typed.slice(0, 200))}`, { signal: asked.signal });
      if (answer.ok && box.value === typed && document.activeElement === box) show((await answer.json()) as Suggestion[]);
    } catch (fault) {
      if (!(fault instanceof DOMException)) close(); // offline: searching itself will say so
    }
  };

  const move = (step: number): void => {
    const items = [...list.children] as HTMLElement[];
    if (!items.length) return;
    items[at]?.setAttribute("aria-selected", "false");
    at = at + step < -1 ? items.length - 1 : at + step >= items.length ? -1 : at + step;
    const item = items[at];
    box.value = item?.dataset["text"] ?? typed;
    if (item) {
      item.setAttribute("aria-selected", "true");
      item.scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", item.id);
    } else box.removeAttribute("aria-activedescendant");
  };

  box.addEventListener("input", (event) => {
    if ((event as InputEvent).isComposing) return; // Telex and VNI are still composing
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => void ask(), PAUSE);
  });
  box.addEventListener("compositionend", () => (waiting = window.setTimeout(() => void ask(), PAUSE)));
  box.addEventListener("blur", close);
  box.form?.addEventListener("submit", close);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) void ask();
      else move(event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
    } else if (event.key === "Escape" && !list.hidden) {
      box.value = typed;
      close();
      event.preventDefault();
    }
  });
}

for (const box of document.querySelectorAll<HTMLInputElement>("[data-suggest]")) combobox(box);
for (const control of document.querySelectorAll<HTMLInputElement>("[data-submit]"))
  control.addEventListener("change", () => control.form?.requestSubmit());
