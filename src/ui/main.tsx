/** Entry point of the page: mounts the app and, when its pictures are there, starts the worker. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { connect } from "./client";
import { loadRuns } from "./shelf";
import { painted } from "./turns";
import "./styles.css";
import "./cards.css";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
await painted();
connect();
void loadRuns();
