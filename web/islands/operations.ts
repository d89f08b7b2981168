/** Keep the operations page fresh: the event stream says that time has passed, the page itself is fetched and morphed. */
import { need } from "./api";

const live = need("live");
const lost = live.dataset["lost"] ?? "";
let said = live.textContent ?? "";

function fresh(): void {
  const shown = need("live");
  if (shown.classList.contains("lost")) {
    shown.classList.remove("lost");
    shown.textContent = said;
  }
  need("ops").dispatchEvent(new CustomEvent("refresh"));
}

const stream = new EventSource("/api/v1/queues/events");
stream.addEventListener("figures", fresh);
stream.addEventListener("signed-out", () => {
  stream.close();
  location.reload();
});
stream.addEventListener("error", () => {
  const shown = need("live");
  if (!shown.classList.contains("lost")) said = shown.textContent ?? said;
  shown.classList.add("lost");
  shown.textContent = lost;
});
