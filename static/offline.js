// Installs the service worker, which keeps forms that were opened within reach without a line.
"use strict";
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js");
