/**
 * Compare a copy of an issued paper in the browser: its SHA-256 against those the page knows, so that the file never
 * leaves the machine. Where the browser gives no hashes (a page without https), the form sends the file as without script.
 */
import { need } from "./api";

const place = need("compare");
const copies = JSON.parse(place.dataset["copies"] ?? "{}") as Record<string, string>;
const most = Number(place.dataset["most"] ?? "0");
const form = place.querySelector("form");
const input = place.querySelector<HTMLInputElement>("input[type=file]");
const problem = need("compare-problem");
const shown = need("compare-hash");

function show(kind: string, sha256: string): void {
  for (const box of place.querySelectorAll<HTMLElement>("[data-copy]")) box.hidden = box.dataset["copy"] !== kind;
  shown.hidden = sha256 === "";
  const code = shown.querySelector("code");
  if (code) code.textContent = sha256;
}

async function compare(file: File): Promise<void> {
  problem.hidden = file.size <= most;
  show("", "");
  if (file.size > most) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  show(copies[sha256] ?? "other", sha256);
}

if (form && input && globalThis.crypto?.subtle) {
  form.addEventListener("submit", (event) => {
    const file = input.files?.[0];
    if (!file) return;
    event.preventDefault();
    void compare(file);
  });
  const chosen = (): void => {
    const file = input.files?.[0];
    if (file) void compare(file);
  };
  input.addEventListener("change", chosen);
  chosen(); // on a slow line somebody may choose before this file has come
}
