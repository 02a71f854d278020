/** Which program makes the probe, and in what environment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenonError } from '../base/errors.js';
import { BUILD_COMMAND, packageRoot } from '../base/package.js';

/** The compiled probe for a Node child: beside this module, or in the built package where this is the source. */
export function findNodeProbe(): string {
  const beside = fileURLToPath(new URL('./probe-child.js', import.meta.url));
  const built = join(packageRoot, 'dist', 'admission', 'probe-child.js');
  for (const file of [beside, built]) if (existsSync(file)) return file;
  throw new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot probe plugins: there is neither a built tenon-runner nor ${built}. Run ${BUILD_COMMAND}.`,
  );
}

/**
 * The environment of the host, because the loader and the plugin's constructors read it (`LD_LIBRARY_PATH`, `TMPDIR`, `LANG`) and
 * a verdict only counts for the environment in which it was made. What steers Node itself is left out: debuggers, coverage and
 * preloaded modules are the host's.
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
