/** Entry point of the page: mounts the app and, when its pictures are there, starts the worker. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./shell/App";
import { painted } from "./shell/scheduler";
import { playground } from "./state/app";
import "./shell/styles.css";
import "./shell/cards.css";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
await painted();
playground.connect();
void playground.savedRuns.load();
