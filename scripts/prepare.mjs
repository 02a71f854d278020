/**
 * The hook that package managers run before they pack this folder, install it from a repository or link it: compiles
 * dist, so that a package never contains an outdated one. Prints nothing unless it fails, because the standard output of
 * `npm pack --json` is JSON.
 *
 * With `--pack`, and in a linked folder, it installs the npm packages first if they are missing. Otherwise a package
 * manager is installing them, and may have left out those that compile: `npm ci --omit=dev` still succeeds.
 */
import { existsSync } from 'node:fs';
import { installPackages } from './lib/packages.mjs';
import { inRoot } from './lib/paths.mjs';
import { main } from './lib/steps.mjs';
import { compileTypeScript } from './lib/typescript.mjs';

/** The packages that compile dist. */
const COMPILERS = ['typescript', 'rolldown', 'node-api-headers', 'node-addon-api'];

const missing = () => COMPILERS.filter((name) => !existsSync(inRoot('node_modules', name)));

/** Removes the settings of npm for another folder: it links this one into a project, or installs it globally. */
function forgetProject() {
  for (const name of Object.keys(process.env))
    if (/^npm_config_(global|location|prefix|local_prefix|omit|include|production|package_lock)$/i.test(name))
      delete process.env[name];
}

await main(import.meta.url, async () => {
  // npm links a folder without installing its packages. In all other cases some of them are here.
  const isLinked = !existsSync(inRoot('node_modules'));
  if (isLinked) forgetProject();
  if (isLinked || process.argv.includes('--pack')) await installPackages();
  const names = missing();
  if (names.length === 0) await compileTypeScript();
  else
    console.error(
      `tenon: dist is not compiled, because ${names.join(', ')} are not installed (--omit=dev). Run npm install, then npm run build.`,
    );
});
