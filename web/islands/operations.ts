/** Keep the operations page fresh: the event stream says that time has passed, the page itself is fetched and morphed. */
import { need, swapOnlyWhole } from "./api";

function lost(): void {
  const shown = need("live");
  shown.classList.add("lost");
  shown.textContent = shown.dataset["lost"] ?? "";
}

swapOnlyWhole("ops", lost); // a page that came puts the mark back to "live" by itself

const stream = new EventSource("/api/v1/queues/events");
stream.addEventListener("figures", () => need("ops").dispatchEvent(new CustomEvent("refresh")));
stream.addEventListener("signed-out", () => {
  stream.close();
  location.reload();
});
stream.addEventListener("error", lost);
