/**
 * npm's hook before `npm pack` and `npm publish`: compiles dist, so that a package never contains an outdated one.
 * Prints nothing unless it fails, because the standard output of `npm pack --json` is JSON.
 */
import { installPackages } from './lib/packages.mjs';
import { main } from './lib/steps.mjs';
import { compileTypeScript } from './lib/typescript.mjs';

await main(import.meta.url, async () => {
  await installPackages();
  await compileTypeScript();
});
