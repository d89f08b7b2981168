/**
 * Hand files into a batch over the resumable door (tus 1.0), two at a time, each under a key of its own: a file sent
 * twice (closed browser, dropped again) is received once, and a cut one goes on where the server says. The server is
 * told the file's SHA-256 beforehand and takes nothing else for it.
 */
import { bytes, csrf, need, number, words, type Problem, type Receipt } from "./api";
import { sha256 } from "./parts/sha256";

const AT_ONCE = 2;
const PIECE = 8 * 1024 * 1024;
const BUSY = new Set([408, 409, 423, 429, 460]);
const FINAL = new Set(["idempotency-conflict", "batch-started", "batch-closed"]);
const LONGEST_WAIT = 30;

type State = "waiting" | "sending" | "done" | "refused" | "stopped";

interface Item {
  file: File;
  path: string;
  state: State;
  sent: number;
  tries: number;
  sha256: string;
  row: HTMLLIElement;
  note: HTMLElement;
  bar: HTMLProgressElement;
}

const section = need("upload");
const say = words(section);
const batch = section.dataset["batch"] ?? "";
const items: Item[] = [];
const known = new Set<string>();
const sending = new Set<Item>();
const open = new Set<XMLHttpRequest>();
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
  items.push({ file, path, state: "waiting", sent: 0, tries: 0, sha256: "", row, note, bar });
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
    void send(item);
  }
  summary();
}

function later(item: Item, note: string): void {
  item.state = "stopped";
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

interface Upload {
  id: string;
  offset: number;
  state: "coming" | "received" | "refused";
  receipt: Receipt | null;
}

/** What the server said instead of going on; `status` 0: nothing. */
class Told extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
  ) {
    super(detail);
  }
}

function ask(item: Item, method: string, place: string, headers: Record<string, string>, body: Blob | null): Promise<string> {
  return new Promise((good, bad) => {
    const request = new XMLHttpRequest();
    const before = item.sent;
    open.add(request);
    request.open(method, `/api/v1/batches/${batch}/uploads${place}`);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("Tus-Resumable", "1.0.0");
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      item.sent = Math.min(before + event.loaded, item.file.size);
      show(item, say("sending"));
      summary();
    });
    request.addEventListener("loadend", () => {
      open.delete(request);
      if (request.status >= 200 && request.status < 300) {
        good(request.responseText);
        return;
      }
      let told: Partial<Problem> = {};
      try {
        told = JSON.parse(request.responseText) as Problem;
      } catch {
        // a proxy in between answered with something else, or nobody: the status line must do
      }
      bad(new Told(request.status, told.code ?? "", told.detail ?? request.statusText));
    });
    request.send(body);
  });
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

const PIECES = { "Content-Type": "application/offset+octet-stream" };

/** Announce the file, send what the server lacks, and return its receipt. Throws `Told`. */
async function carry(item: Item): Promise<Receipt> {
  const file = item.file;
  item.sha256 ||= await sha256(file);
  const names: [string, string][] = [["filename", file.name], ["relative_path", item.path], ["sha256", item.sha256]];
  const told = {
    "Idempotency-Key": keyOf(item),
    "Upload-Length": String(file.size),
    "Upload-Metadata": names.map(([name, value]) => `${name} ${base64(value)}`).join(","),
  };
  item.sent = 0;
  const whole = file.size <= PIECE;
  let found = JSON.parse(await ask(item, "POST", "", whole ? { ...told, ...PIECES } : told, whole ? file : null)) as Upload;
  while (found.state === "coming") {
    item.sent = found.offset;
    const piece = file.slice(found.offset, found.offset + PIECE);
    await ask(item, "PATCH", `/${found.id}`, { ...PIECES, "Upload-Offset": String(found.offset) }, piece);
    found = JSON.parse(await ask(item, "GET", `/${found.id}`, {}, null)) as Upload;
  }
  if (!found.receipt) throw new Told(502, "", "");
  return found.receipt;
}

async function send(item: Item): Promise<void> {
  sending.add(item);
  item.state = "sending";
  show(item, say("sending"));
  try {
    const receipt = await carry(item);
    item.state = "done";
    show(item, `${say("done")} · ${bytes(receipt.size)} · SHA-256 ${receipt.sha256.slice(0, 16)}…`);
  } catch (fault) {
    settle(item, fault);
  }
  sending.delete(item);
  next();
}

function settle(item: Item, fault: unknown): void {
  const told = fault instanceof Told ? fault : new Told(-1, "", say("unreadable"));
  if (told.status === 0 && paused) {
    item.state = "waiting";
    show(item, say("paused"));
  } else if (told.status === 0) {
    later(item, say("network"));
  } else if (told.status === 401 || told.status === 403) {
    signedOut = true;
    item.state = "waiting";
    show(item, say("paused"));
  } else if ((told.status >= 500 || BUSY.has(told.status)) && !FINAL.has(told.code)) {
    later(item, say("busy"));
  } else {
    item.state = "refused";
    show(item, told.detail);
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
  const chosen = (): void => {
    if (!picker.files?.length) return;
    take([...picker.files].map((file) => [file, file.webkitRelativePath || file.name]));
    picker.value = "";
  };
  picker.addEventListener("change", chosen);
  chosen(); // on a slow line somebody may choose before this file has come
}
need("send-plainly").hidden = true;
need("pause").addEventListener("click", () => {
  paused = !paused;
  need("pause").textContent = say(paused ? "resume" : "pause");
  if (paused) for (const request of open) request.abort();
  else next();
});
window.addEventListener("online", () => {
  for (const item of items) if (item.state === "stopped") item.state = "waiting";
  next();
});
window.addEventListener("beforeunload", (event) => {
  if (sending.size) event.preventDefault();
});
