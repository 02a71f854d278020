/** The program of the probe, and its environment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenonError } from '../base/errors.js';
import { BUILD_COMMAND, packageRoot } from '../base/package.js';

/**
 * Returns the path of the compiled probe for a Node child: next to this module, or in the built package if
 * this module is source code.
 */
export function findNodeProbe(): string {
  const beside = fileURLToPath(new URL('./probe-child.js', import.meta.url));
  const built = join(packageRoot, 'dist', 'admission', 'probe-child.js');
  for (const file of [beside, built]) if (existsSync(file)) return file;
  throw new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot probe plugins: found neither a built tenon-runner nor ${built}. Run ${BUILD_COMMAND}.`,
  );
}

/**
 * Returns the environment of the probe. It is the environment of the host, because the loader and the
 * plugin's constructors read it (`LD_LIBRARY_PATH`, `TMPDIR`, `LANG`) and a verdict is only valid for the
 * environment in which it was made. Variables that control Node itself are removed, because debuggers,
 * coverage and preloaded modules are for the host only.
 */
export function probeEnvironment(): NodeJS.ProcessEnv {
  const {
    NODE_OPTIONS: _options,
    NODE_V8_COVERAGE: _coverage,
    NODE_CHANNEL_FD: _channel,
    ...rest
  } = process.env;
  return { ...rest, ELECTRON_RUN_AS_NODE: '1' };
}
