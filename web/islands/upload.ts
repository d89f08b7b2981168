/**
 * Hand files into a batch: one request a file, two at a time, each under a key of its own, so that a file sent twice
 * (lost connection, closed browser, dropped again) is received once.
 */
import { bytes, csrf, need, number, words, type Problem, type Receipt } from "./api";

const AT_ONCE = 2;
const LONGEST_WAIT = 30;

type State = "waiting" | "sending" | "done" | "refused" | "stopped";

interface Item {
  file: File;
  path: string;
  state: State;
  sent: number;
  tries: number;
  row: HTMLLIElement;
  note: HTMLElement;
  bar: HTMLProgressElement;
}

const section = need("upload");
const say = words(section);
const batch = section.dataset["batch"] ?? "";
const items: Item[] = [];
const known = new Set<string>();
const sending = new Set<XMLHttpRequest>();
let paused = false;
let signedOut = false;

/** A short stable name for the same file in the same place of the same batch (two 53-bit hashes; no secret). */
function keyOf(item: Item): string {
  const text = [batch, item.path, item.file.size, item.file.lastModified].join("\n");
  const mix = (seed: number): string => {
    let a = 0xdeadbeef ^ seed;
    let b = 0x41c6ce57 ^ seed;
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
  };
  return `web-${mix(1)}-${mix(2)}`;
}

function add(file: File, path: string): void {
  if (known.has(path) || /(^|\/)(\.|Thumbs\.db$|desktop\.ini$)/i.test(path)) return;
  known.add(path);
  const row = document.createElement("li");
  const text = document.createElement("span");
  text.className = "grow";
  const name = document.createElement("strong");
  name.textContent = path;
  const note = document.createElement("small");
  text.append(name, note);
  const bar = document.createElement("progress");
  bar.max = Math.max(1, file.size);
  bar.value = 0;
  bar.setAttribute("aria-label", path);
  row.append(text, bar);
  need("upload-list").append(row);
  items.push({ file, path, state: "waiting", sent: 0, tries: 0, row, note, bar });
}

function show(item: Item, note: string): void {
  item.note.textContent = note;
  item.bar.value = item.state === "done" ? item.bar.max : item.sent;
  item.row.classList.toggle("refused", item.state === "refused");
  item.bar.hidden = item.state === "refused" || item.state === "done";
}

function summary(): void {
  const done = items.filter((item) => item.state === "done");
  const settled = items.filter((item) => item.state === "done" || item.state === "refused").length;
  const all = items.reduce((sum, item) => sum + item.file.size, 0);
  const sent = items.reduce((sum, item) => sum + (item.state === "done" ? item.file.size : item.sent), 0);
  need("upload-progress").hidden = items.length === 0;
  const line = say("summary", { done: number(done.length), total: number(items.length), bytes: bytes(sent) });
  need("upload-summary").textContent = signedOut ? say("signed_out") : line;
  const bar = need<HTMLProgressElement>("upload-bar");
  bar.max = Math.max(1, all);
  bar.value = settled === items.length ? bar.max : sent;
  const start = need<HTMLButtonElement>("start");
  const anyBefore = document.querySelector("#received li") !== null;
  start.disabled = settled < items.length || !(settled > 0 || anyBefore);
  need("pause").hidden = settled === items.length;
}

function next(): void {
  while (!paused && !signedOut && sending.size < AT_ONCE) {
    const item = items.find((one) => one.state === "waiting");
    if (!item) break;
    send(item);
  }
  summary();
}

function later(item: Item, note: string): void {
  item.state = "stopped";
  item.sent = 0;
  const wait = Math.min(LONGEST_WAIT, 2 ** item.tries);
  item.tries += 1;
  show(item, `${note} ${say("retry", { n: wait })}`);
  window.setTimeout(() => {
    if (item.state === "stopped") {
      item.state = "waiting";
      show(item, say("waiting"));
      next();
    }
  }, wait * 1000);
}

function send(item: Item): void {
  const request = new XMLHttpRequest();
  sending.add(request);
  item.state = "sending";
  show(item, say("sending"));
  request.open("POST", `/api/v1/batches/${batch}/files`);
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("Idempotency-Key", keyOf(item));
  request.upload.addEventListener("progress", (event) => {
    item.sent = Math.min(event.loaded, item.file.size);
    show(item, say("sending"));
    summary();
  });
  request.addEventListener("loadend", () => {
    sending.delete(request);
    settle(item, request);
    next();
  });
  const form = new FormData();
  form.append("relative_path", item.path);
  form.append("file", item.file, item.file.name);
  request.send(form);
}

function settle(item: Item, request: XMLHttpRequest): void {
  if (request.status === 201 || request.status === 200) {
    const receipt = JSON.parse(request.responseText) as Receipt;
    item.state = "done";
    show(item, `${say("done")} · ${bytes(receipt.size)} · SHA-256 ${receipt.sha256.slice(0, 16)}…`);
  } else if (request.status === 0) {
    if (paused) {
      item.state = "waiting";
      item.sent = 0;
      show(item, say("paused"));
    } else later(item, say("network"));
  } else if (request.status === 401 || request.status === 403) {
    signedOut = true;
    item.state = "waiting";
    item.sent = 0;
    show(item, say("paused"));
  } else if (request.status >= 500 || request.status === 429 || request.status === 408) {
    later(item, say("busy"));
  } else {
    item.state = "refused";
    let told = request.statusText;
    try {
      told = (JSON.parse(request.responseText) as Problem).detail;
    } catch {
      // a proxy in between answered with something else: its status line must do
    }
    show(item, told);
    need("upload-list").prepend(item.row); // failures first
  }
}

/** Every file below a dropped folder, with its path. */
async function walk(entry: FileSystemEntry, found: [File, string][]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((good, bad) => (entry as FileSystemFileEntry).file(good, bad));
    found.push([file, entry.fullPath.replace(/^\//, "")]);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((good, bad) => reader.readEntries(good, bad));
    if (!some.length) return;
    for (const one of some) await walk(one, found);
  }
}

/** One folder dropped is the delivery itself (as on the command line), so its own name is not part of the paths. */
function withoutTop(found: [File, string][]): [File, string][] {
  const tops = new Set(found.map(([, path]) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "")));
  if (tops.size !== 1 || tops.has("")) return found;
  return found.map(([file, path]) => [file, path.slice(path.indexOf("/") + 1)]);
}

function take(given: [File, string][]): void {
  const found = withoutTop(given);
  const order = new Intl.Collator(undefined, { numeric: true });
  found.sort((a, b) => order.compare(a[1], b[1]));
  for (const [file, path] of found) add(file, path);
  for (const item of items) if (item.state === "waiting" && !item.note.textContent) show(item, say("waiting"));
  next();
}

const drop = need("drop");
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const entries = [...(event.dataTransfer?.items ?? [])].map((one) => one.webkitGetAsEntry()).filter((e) => e !== null);
  void (async () => {
    const found: [File, string][] = [];
    for (const entry of entries) await walk(entry, found);
    take(found);
  })();
});
for (const picker of document.querySelectorAll<HTMLInputElement>('#drop input[type="file"]')) {
  picker.addEventListener("change", () => {
    take([...(picker.files ?? [])].map((file) => [file, file.webkitRelativePath || file.name]));
    picker.value = "";
  });
}
need("pause").addEventListener("click", () => {
  paused = !paused;
  need("pause").textContent = say(paused ? "resume" : "pause");
  if (paused) for (const request of sending) request.abort();
  else next();
});
window.addEventListener("online", () => {
  for (const item of items) if (item.state === "stopped") item.state = "waiting";
  next();
});
window.addEventListener("beforeunload", (event) => {
  if (sending.size) event.preventDefault();
});
