/** The reading room: zoom, jump between hits and pages. The page itself, its boxes and links come from the server. */
import { need, number, words } from "./api";

const viewer = need("viewer");
const say = words(viewer);
const stage = need("stage");
const sheet = need("sheet");
const image = need<HTMLImageElement>("page-image");
const STEPS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];
let step = STEPS.indexOf(1);

function fitWidth(): number {
  return Math.min(stage.clientWidth - 24, 864);
}

function zoom(next: number): void {
  const before = sheet.clientWidth;
  const middle = [(stage.scrollLeft + stage.clientWidth / 2) / before, (stage.scrollTop + stage.clientHeight / 2) / before];
  step = Math.max(0, Math.min(STEPS.length - 1, next));
  const scale = STEPS[step] ?? 1;
  sheet.style.setProperty("--sheet-width", scale === 1 ? "" : `${Math.round(fitWidth() * scale)}px`);
  if (scale === 1) sheet.style.removeProperty("--sheet-width");
  if (fitWidth() * scale * window.devicePixelRatio > 1500 && image.dataset["full"] && !image.src.endsWith("size=full")) {
    const sharp = new Image();
    sharp.src = image.dataset["full"];
    sharp.addEventListener("load", () => (image.src = sharp.src));
  }
  const after = sheet.clientWidth;
  stage.scrollLeft = (middle[0] ?? 0) * after - stage.clientWidth / 2;
  stage.scrollTop = (middle[1] ?? 0) * after - stage.clientHeight / 2;
  need("zoom-value").textContent = `${number(scale * 100)}%`;
}

const hits = [...document.querySelectorAll<SVGGElement>(".hit-group")];
const count = document.getElementById("hit-count");
let now = -1;

function toHit(next: number): void {
  hits[now]?.classList.remove("now");
  now = next;
  const hit = hits[now];
  if (!hit || !count) return;
  hit.classList.add("now");
  const box = hit.getBoundingClientRect();
  const frame = stage.getBoundingClientRect();
  stage.scrollTop += box.top - frame.top - stage.clientHeight / 3;
  stage.scrollLeft += box.left - frame.left - stage.clientWidth / 3;
  const before = Number(count.dataset["before"] ?? 0);
  count.textContent = say("hit", { n: number(before + now + 1), total: number(Number(count.dataset["total"] ?? hits.length)) });
}

function jump(forward: boolean): void {
  const next = now + (forward ? 1 : -1);
  if (next >= 0 && next < hits.length) toHit(next);
  else follow(forward ? "next-hit-page" : "prev-hit-page", forward ? "" : "#last");
}

function follow(id: string, hash = ""): void {
  const link = document.getElementById(id) as HTMLAnchorElement | null;
  if (link) location.href = link.href + hash;
}

need("zoom-in").addEventListener("click", () => zoom(step + 1));
need("zoom-out").addEventListener("click", () => zoom(step - 1));
need("zoom-fit").addEventListener("click", () => zoom(STEPS.indexOf(1)));
document.getElementById("next-hit")?.addEventListener("click", () => jump(true));
document.getElementById("prev-hit")?.addEventListener("click", () => jump(false));

document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector("dialog[open]")) return;
  const acts: Record<string, () => void> = {
    "[": () => follow("prev"),
    "]": () => follow("next"),
    n: () => jump(true),
    N: () => jump(false),
    "+": () => zoom(step + 1),
    "=": () => zoom(step + 1),
    "-": () => zoom(step - 1),
    "0": () => zoom(STEPS.indexOf(1)),
  };
  const act = acts[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

const current = document.querySelector<HTMLElement>(".thumbs [aria-current]");
const strip = current?.closest<HTMLElement>(".thumbs");
if (current && strip) {
  strip.scrollTop = current.offsetTop - strip.offsetTop - strip.clientHeight / 2; // never moves the page itself
  strip.scrollLeft = current.offsetLeft - strip.offsetLeft - strip.clientWidth / 2;
}
if (hits.length) {
  const land = (): void => toHit(location.hash === "#last" ? hits.length - 1 : 0);
  if (image.complete) land();
  else image.addEventListener("load", land, { once: true });
}

// pages like this one are looked for when somebody wants to see them; without script the link leads to a page of its own
document.getElementById("similar")?.addEventListener("toggle", async () => {
  const link = document.getElementById("similar-link") as HTMLAnchorElement | null;
  if (!link) return; // they are here already
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (answer.ok && link.parentElement) link.parentElement.innerHTML = await answer.text(); // our own piece, escaped there
});
