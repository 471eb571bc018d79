// Installs the service worker, which keeps forms that were opened within reach without a line. The page on which it is installed
// was loaded before it could see it: it is asked to look again.
"use strict";
if ("serviceWorker" in navigator) {
  if (!navigator.serviceWorker.controller) navigator.serviceWorker.ready.then((house) => house.active.postMessage("keep"));
  // Where the line breaks meanwhile the next page installs it.
  navigator.serviceWorker.register("/sw.js").catch((error) => {
    if (navigator.onLine) throw error;
  });
}
