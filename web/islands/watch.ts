/** Follow a batch at work: counts and pace from the event stream, lists refreshed when something new is there. */
import { need, number, swapOnlyWhole, words, type Batch } from "./api";

const section = need("watch");
const say = words(section);
const pace = need("watch-pace");
let shown = "";

function span(seconds: number): string {
  if (seconds < 90) return say("seconds", { n: number(Math.max(1, seconds)) });
  if (seconds < 5400) return say("minutes", { n: number(seconds / 60) });
  return say("hours", { n: number(seconds / 3600, 1) });
}

function show(batch: Batch): void {
  const progress = batch.progress;
  if (!progress) return;
  const bar = need<HTMLProgressElement>("watch-bar");
  bar.max = Math.max(1, progress.pages);
  bar.value = progress.pages_done;
  for (const cell of section.querySelectorAll<HTMLElement>("[data-count]")) {
    const count = progress[cell.dataset["count"] as keyof typeof progress];
    cell.textContent = number(count ?? 0);
  }
  section.querySelector("[data-bad]")?.classList.toggle("bad", progress.refused > 0);
  const parts: string[] = [];
  if (progress.pages_per_second > 0) parts.push(say("rate", { rate: number(progress.pages_per_second, 1) }));
  if (progress.seconds_left !== null && progress.seconds_left > 0) parts.push(say("left", { left: span(progress.seconds_left) }));
  pace.textContent = parts.join(" · ");
  const lists = `${progress.documents}/${progress.documents_archived}/${progress.refused}`;
  if (lists !== shown) {
    shown = lists;
    document.getElementById("batch-lists")?.dispatchEvent(new CustomEvent("refresh"));
  }
}

swapOnlyWhole("batch-lists", () => {
  shown = ""; // ask again with the next event
});

const stream = new EventSource(`/api/v1/batches/${section.dataset["batch"] ?? ""}/events`);
stream.addEventListener("progress", (event) => show(JSON.parse((event as MessageEvent<string>).data) as Batch));
stream.addEventListener("finished", () => {
  stream.close();
  location.reload();
});
stream.addEventListener("signed-out", () => {
  stream.close();
  location.reload();
});
stream.addEventListener("error", () => {
  pace.textContent = say("lost");
});
