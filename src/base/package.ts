/** This package: its version, and how its native parts are built where it is installed. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

let version: string | undefined;

export function packageVersion(): string {
  version ??= read();
  return version;
}

/** The command that builds addon, runner and checker, for messages: another one in a checkout than where npm installed it. */
export const BUILD_COMMAND = fileURLToPath(import.meta.url)
  .split(/[\\/]/)
  .includes('node_modules')
  ? 'npm rebuild tenon (npm may ask to approve its install script first: npm install-scripts approve tenon)'
  : 'npm run build';

function read(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
