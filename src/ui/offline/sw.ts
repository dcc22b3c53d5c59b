/**
 * The service worker: after the first visit the page opens without a network, from the files of one version. A newer version is
 * fetched beside it and waits until a visitor takes it, or until no tab shows the older one.
 */
import { clientsClaim } from "workbox-core";
import { cleanupOutdatedCaches, type PrecacheEntry, precacheAndRoute } from "workbox-precaching";

/** The files of this version; the build fills them in. */
declare const FILES: PrecacheEntry[];
declare const skipWaiting: () => void;

addEventListener("message", ({ data }) => data?.type === "SKIP_WAITING" && skipWaiting());
// The visit that installs it can already go offline.
clientsClaim();
cleanupOutdatedCaches();
// Settings in the address are the page's matter: every address of it is the same file.
precacheAndRoute(FILES, { directoryIndex: "index.html", ignoreURLParametersMatching: [/./] });
