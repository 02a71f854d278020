/** Built modules of tenon that are not exported, in a Node.js of their own. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Ended, root, runNode } from '../support/index.js';

/** Runs `body`, in which `names` are what the built module `path` exports. */
export function runWith(
  path: string,
  names: string,
  body: string,
  options?: Parameters<typeof runNode>[1],
): Promise<Ended> {
  const url = pathToFileURL(join(root, 'build', 'modules', path)).href;
  return runNode(`const { ${names} } = await import(${JSON.stringify(url)});\n${body}`, options);
}
