/** Which program makes the probe, and in what environment. */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenonError } from '../base/errors.js';
import { BUILD_COMMAND } from '../base/package.js';

/** The folder of the package, seen from `src/admission` as well as from `dist/admission`. */
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
const RUNNER = process.platform === 'win32' ? 'tenon-runner.exe' : 'tenon-runner';

/**
 * The native runner: what `TENON_RUNNER` names, or the one that was built with this package. Null if there is none, and with
 * `TENON_RUNNER=none`. It needs no addon.
 */
export function findRunner(): string | null {
  const named = process.env.TENON_RUNNER;
  if (named === 'none') return null;
  if (named !== undefined && named !== '') return named;
  const built = join(packageRoot, 'build', 'Release', RUNNER);
  try {
    accessSync(built, constants.X_OK);
    return built;
  } catch {
    return null;
  }
}

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
