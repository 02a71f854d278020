/** The program of the probe, and its environment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TenonError } from '../base/errors.js';
import { BUILD_COMMAND, packageRoot } from '../base/package.js';

/** Returns the path of the compiled probe for a Node child. */
export function findNodeProbe(): string {
  const built = join(packageRoot, 'dist', 'admission', 'probe-child.js');
  if (existsSync(built)) return built;
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
