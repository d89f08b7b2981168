/** The public JSON API as the islands use it, and small helpers. Nothing here knows more than the API documents. */

export interface Progress {
  files: number;
  pages: number;
  pages_done: number;
  documents: number;
  documents_archived: number;
  refused: number;
  pages_per_second: number;
  seconds_left: number | null;
}

export interface Batch {
  id: string;
  state: "receiving" | "started" | "finished";
  progress: Progress | null;
}

export interface Receipt {
  file_id: string;
  sha256: string;
  size: number;
}

export interface Problem {
  code: string;
  detail: string;
  title: string;
}

/** The CSRF token that the page was given. */
export function csrf(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** The words an element carries for its island, filled with values: `{n}` → 3. */
export function words(element: HTMLElement): (key: string, values?: Record<string, string | number>) => string {
  const known = JSON.parse(element.dataset["words"] ?? "{}") as Record<string, string>;
  return (key, values = {}) =>
    (known[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

const language = document.documentElement.lang;

/** A number the way the reader's language writes it. */
export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** A byte count for people: `3,8 MB`. */
export function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB"];
  let step = 0;
  while (count >= 1000 && step < units.length - 1) {
    count /= 1000;
    step += 1;
  }
  return `${number(count, step === 0 || count >= 100 ? 0 : 1)} ${units[step] ?? ""}`;
}

/** The element with this id; a page without it is a bug of ours, told in the console. */
export function need<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id} on this page`);
  return found as T;
}

interface Swap {
  sourceElement?: HTMLElement;
  text?: string;
}

/**
 * Let a refresh of the element with this id replace it only by an answer that holds it: a fault page or the sign-in form
 * must not wipe out what is on the screen. `instead` is called for those, and when no answer came.
 */
export function swapOnlyWhole(id: string, instead: () => void): void {
  const ours = (event: Event): Swap | null => {
    const swap = (event as CustomEvent<{ ctx?: Swap }>).detail?.ctx ?? null;
    return swap?.sourceElement?.id === id ? swap : null;
  };
  document.addEventListener("htmx:before:swap", (event) => {
    const swap = ours(event);
    if (swap && !(swap.text ?? "").includes(`id="${id}"`)) {
      event.preventDefault();
      instead();
    }
  });
  document.addEventListener("htmx:error", (event) => {
    if (ours(event)) instead();
  });
}
