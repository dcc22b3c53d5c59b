/** Entry point of the page: mounts the app and, when its pictures are there, starts the worker. */
// Styles of the whole page come first: those of its parts, which are imported where they belong, build on them.
import "./shell/styles.css";
import "./shell/layout.css";
import "./shell/cards.css";
import "./draw/pictures.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./shell/App";
import { painted } from "./shell/scheduler";
import { trustOwnScripts } from "./shell/trusted";
import { playground, store } from "./state/app";
import { address } from "./state/url";

if (address.read().present !== undefined) document.documentElement.dataset.present = "";
trustOwnScripts();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
await painted();
// Where there is no GPU the worker says at once what is missing, before a recording plays.
void playground.open("gpu" in navigator && !matchMedia("(prefers-reduced-motion: reduce)").matches);
void playground.savedRuns.load();
void playground.experiments.load();
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // First the page shall be ready to train.
  const unsubscribe = store.subscribe(({ phase }) => {
    if (phase === "opening") return;
    unsubscribe();
    void import("./offline/register").then(({ register }) => register(store, document.baseURI));
  });
}
