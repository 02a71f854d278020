/** Runs built modules of tenon that are not exported, in a separate Node.js process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Ended, root, runNode } from '../support/index.js';

/** Runs `body` with the exports `names` of the built module `path`. */
export function runWith(
  path: string,
  names: string,
  body: string,
  options?: Parameters<typeof runNode>[1],
): Promise<Ended> {
  const url = pathToFileURL(join(root, 'build', 'modules', path)).href;
  return runNode(`const { ${names} } = await import(${JSON.stringify(url)});\n${body}`, options);
}
