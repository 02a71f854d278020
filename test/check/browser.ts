/** The flags of a headless Chromium for the tests of the HTML report. */

/** Flags without network services and GPU. The sandbox is disabled because it does not work as root. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
