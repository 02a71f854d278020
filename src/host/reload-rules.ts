/** The rules for a new version of a plugin, besides the gates. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import semver from 'semver';
import { TenonError } from '../base/errors.js';
import { packageRoot } from '../base/package.js';
import { quoted } from '../base/shell.js';
import type { KindFacts } from '../inspect/facts.js';
import { documentedSlots } from '../kinds/documented.js';
import type { Manifest } from './manifest.js';
import type { ReloadSettings } from './reload-options.js';

const KEEP_MAJOR = 'Keep the major version of a kind, or load the new file as another plugin.';

/**
 * Refuses another plugin, and one that lost a kind or changed its methods.
 * @throws TenonError ERR_TENON_BAD_NAME, ERR_TENON_MISSING_KIND
 */
export function checkCompatible(from: Manifest, to: Manifest): void {
  const { path, name: plugin } = to;
  if (to.name !== from.name) {
    const message = `Cannot reload ${from.name}: its file ${path} is now the plugin ${to.name}. Load that one by itself, or restore the file.`;
    throw new TenonError('ERR_TENON_BAD_NAME', message, { path, plugin });
  }
  for (const [kind, version] of Object.entries(from.kinds)) {
    const found = Object.hasOwn(to.kinds, kind) ? to.kinds[kind] : undefined;
    if (found !== undefined && semver.major(found) === semver.major(version)) continue;
    const now = found === undefined ? 'does not have it' : `has version ${found}`;
    const message = `Cannot reload ${from.name}: it has the kind ${kind} ${version}, and ${path} ${now}. ${KEEP_MAJOR}`;
    throw new TenonError('ERR_TENON_MISSING_KIND', message, { path, plugin });
  }
  for (const facts of from.kindFacts) checkLayouts(facts, to);
}

/** Refuses another layout of a method: typed methods that the program has bound would pass it wrong records. */
function checkLayouts(facts: KindFacts, { kindFacts, path, name: plugin }: Manifest): void {
  const next = kindFacts.find(({ id }) => id === facts.id);
  const slot = facts.hashes.findIndex((hash, index) => (next?.hashes[index] ?? hash) !== hash);
  if (next === undefined || slot < 0) return;
  const method = documentedSlots(facts)?.[slot]?.name ?? `of slot ${slot}`;
  const message = `Cannot reload ${plugin}: ${path} defines the method ${method} of the kind ${facts.id} differently (versions ${facts.version} and ${next.version}). A method keeps its records within a major version. ${KEEP_MAJOR}`;
  throw new TenonError('ERR_TENON_MISSING_KIND', message, { path, plugin });
}

/** The parts of the verdict of `tenon check --format json` that matter here. */
interface CheckedFile {
  readonly sha256: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly results: readonly {
    readonly state: string;
    readonly severity: string;
    readonly findings?: readonly { readonly message: string }[];
  }[];
}

/**
 * Checks the file with the safety suite, in a process of its own, which the signal ends.
 * @throws TenonError ERR_TENON_CONTRACT if there are findings, ERR_TENON_UNSUPPORTED if it could not be checked
 */
export async function checkLevel(
  { path, digest, name: plugin }: Manifest,
  level: ReloadSettings['check'],
  signal: AbortSignal,
): Promise<void> {
  if (level === 'none') return;
  const { code, stdout, stderr } = await runCheck(path, level, signal);
  const file = fileIn(stdout);
  const isThis = file?.sha256 === digest;
  if (code === 0 && isThis) return;
  const finding = isThis && file?.outcome === 'findings' ? findingIn(file) : undefined;
  const unknown =
    isThis || file === undefined ? stderr.trim() || `exit code ${code}` : 'it changed meanwhile';
  const problem =
    finding === undefined
      ? `could not be checked: ${file?.reason ?? unknown}`
      : `does not pass the level ${level} of the safety suite. ${finding}`;
  const command = quoted(['npx', 'tenon', 'check', path, '--level', level]);
  const message = `Cannot reload ${plugin}: ${path} ${problem}. Run ${command}.`;
  const errorCode = finding === undefined ? 'ERR_TENON_UNSUPPORTED' : 'ERR_TENON_CONTRACT';
  throw new TenonError(errorCode, message, { path, plugin });
}

function findingIn({ results }: CheckedFile): string | undefined {
  const failed = results.find(({ state, severity }) => state === 'failed' && severity === 'error');
  return failed?.findings?.[0]?.message;
}

function fileIn(output: string): CheckedFile | undefined {
  try {
    return (JSON.parse(output) as { readonly files: readonly CheckedFile[] }).files[0];
  } catch {
    return undefined;
  }
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runCheck(path: string, level: string, signal: AbortSignal): Promise<Ended> {
  const command = join(packageRoot, 'dist', 'cli', 'main.js');
  const args = [command, 'check', path, '--level', level, '--format', 'json'];
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { maxBuffer: 1 << 26, signal },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
}
