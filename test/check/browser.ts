/** How a headless Chromium is started for tests of the page. */

/** Nothing that speaks to the network or needs a display; as root there is no sandbox. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
