/** The signing desk: tick all, keep the progress of a batch fresh, and move the cases when their papers are signed. */
import { swapOnlyWhole } from "./api";

const all = document.getElementById("pick-all") as HTMLInputElement | null;
if (all) {
  const boxes = [...document.querySelectorAll<HTMLInputElement>('#pick input[name="paper"]')];
  const tell = (): void => {
    all.checked = boxes.length > 0 && boxes.every((box) => box.checked);
    all.indeterminate = !all.checked && boxes.some((box) => box.checked);
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell(); // boxes ticked before this file came, or kept by the browser over a reload
}

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
