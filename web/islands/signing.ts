/** The signing desk: tick all, keep the progress of a batch fresh, and move the cases when their papers are signed. */
import { swapOnlyWhole } from "./api";

const all = document.getElementById("pick-all") as HTMLInputElement | null;
all?.addEventListener("change", () => {
  for (const box of document.querySelectorAll<HTMLInputElement>('#pick input[name="paper"]')) box.checked = all.checked;
});

function batch(): HTMLElement | null {
  return document.getElementById("batch");
}

function lost(): void {
  const told = document.getElementById("lost");
  if (told) told.hidden = false;
}

function next(): void {
  const shown = batch();
  if (!shown?.dataset["going"]) return;
  const moves = document.getElementById("make-moves") as HTMLFormElement | null;
  if (moves && !["running", "held", "desk"].includes(shown.dataset["state"] ?? "")) {
    moves.requestSubmit(); // all that will be signed is signed: the cases go on without another click
    return;
  }
  shown.dispatchEvent(new CustomEvent("refresh"));
  setTimeout(next, 1500);
}

if (batch()?.dataset["going"]) {
  swapOnlyWhole("batch", lost);
  setTimeout(next, 800);
}
