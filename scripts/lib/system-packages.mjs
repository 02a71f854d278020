/** The package manager of the system: what its packages are called here, and how they are installed. */
import { run } from './run.mjs';

/**
 * @typedef {object} Manager
 * @property {string} command its program
 * @property {boolean} root whether only root may install
 * @property {(names: readonly string[]) => string[]} install the commands that install the packages, for people
 *
 * @type {Readonly<Record<string, Manager>>}
 */
export const MANAGERS = {
  apt: { command: 'apt-get', root: true, install: (names) => [`apt-get install ${names.join(' ')}`] },
  dnf: { command: 'dnf', root: true, install: (names) => [`dnf install ${names.join(' ')}`] },
  apk: { command: 'apk', root: true, install: (names) => [`apk add ${names.join(' ')}`] },
  brew: { command: 'brew', root: false, install: (names) => [`brew install ${names.join(' ')}`] },
  winget: {
    command: 'winget',
    root: false,
    install: (names) => names.map((name) => `winget install --exact --id ${name}`),
  },
};

/** The name of the manager whose program `find` finds first, or undefined. */
export function findManager(find) {
  return Object.keys(MANAGERS).find((name) => find([MANAGERS[name].command]) !== undefined);
}

const unversioned = (spec) => spec.split('>=')[0];

/** Compares dotted numbers; what follows them does not count. */
function isAtLeast(found, least) {
  const [a, b] = [found, least].map((version) =>
    version
      .replace(/^\d+:/, '')
      .split(/[^\d]+/)
      .map(Number),
  );
  const at = b.findIndex((part, i) => part !== (a[i] ?? 0));
  return at < 0 || (a[at] ?? 0) > b[at];
}

/** What `apt-cache policy` says: the version of each package that would be installed. */
export function candidatesIn(output) {
  const found = new Map();
  for (const [, name, version] of output.matchAll(/^(\S+):\n(?: {2}.*\n)*? {2}Candidate: (\S+)$/gm))
    if (version !== '(none)') found.set(name, version);
  return found;
}

async function aptCandidates(tools) {
  const names = tools
    .flatMap(({ packages }) => packages.apt ?? [])
    .filter((alternative) => !alternative.startsWith('$ '));
  const all = new Set(names.flatMap((alternative) => alternative.split(' ').map(unversioned)));
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    return candidatesIn((await run('apt-cache', ['policy', ...all], { env })).output);
  } catch {
    // Part of apt is missing: nothing is known.
    return new Map();
  }
}

/** @param {ReadonlyMap<string, string> | undefined} candidates undefined if nothing is known */
function isAvailable(alternative, candidates) {
  if (alternative.startsWith('$ ') || candidates === undefined) return true;
  return alternative.split(' ').every((spec) => {
    const [name, least] = spec.split('>=');
    const version = candidates.get(name);
    return version !== undefined && (least === undefined || isAtLeast(version, least));
  });
}

/**
 * How to get the tools with a manager: packages to install, and commands that only people run.
 *
 * @param {readonly import('./tool-table.mjs').Tool[]} tools
 * @param {string} manager
 * @param {ReadonlyMap<string, string>} [candidates] of apt. Without any, as before the first `apt-get update`, the usual names
 *   have to do
 * @returns {{names: string[], commands: string[], unavailable: import('./tool-table.mjs').Tool[]}}
 */
export function choosePackages(tools, manager, candidates) {
  const known = candidates?.size === 0 ? undefined : candidates;
  const [names, commands, unavailable] = [new Set(), new Set(), []];
  for (const tool of tools) {
    const chosen = tool.packages[manager]?.find((alternative) => isAvailable(alternative, known));
    if (chosen === undefined) unavailable.push(tool);
    else if (chosen.startsWith('$ ')) commands.add(chosen.slice(2));
    else for (const spec of chosen.split(' ')) names.add(unversioned(spec));
  }
  return { names: [...names], commands: [...commands], unavailable };
}

/** The same, with what this system has. */
export async function choosePackagesHere(tools, manager) {
  const candidates = manager === 'apt' ? await aptCandidates(tools) : undefined;
  return choosePackages(tools, manager, candidates);
}

/** The commands for people that install what was chosen. */
export function installCommands(manager, { names, commands }, isRoot = process.getuid?.() === 0) {
  const { install, root } = MANAGERS[manager];
  const prefix = root && !isRoot ? 'sudo ' : '';
  return [...(names.length === 0 ? [] : install(names)), ...commands].map((line) => prefix + line);
}

/** The words before a command that make it root's, or undefined if that is not possible without a password. */
export async function asRoot(find) {
  if (process.getuid?.() === 0) return [];
  const sudo = find(['sudo']);
  if (sudo === undefined) return undefined;
  const { ok } = await run(sudo, ['-n', 'true']);
  return ok ? [sudo, '-n'] : undefined;
}

/** Packages that others were installed with are not removed for these, and questions get their usual answer. */
const APT_OPTIONS = [
  '-y',
  '-q',
  '--no-install-recommends',
  '--no-remove',
  '-o',
  'Dpkg::Use-Pty=0',
  '-o',
  'DPkg::Lock::Timeout=300',
];

/** Refreshes apt's lists. */
export const aptUpdate = (prefix) => runAs([...prefix, 'apt-get', 'update', '-q']);

/** Installs packages with apt. */
export const aptInstall = (prefix, names) =>
  runAs([...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', ...APT_OPTIONS, ...names]);

const runAs = ([command, ...args]) => run(command, args);
