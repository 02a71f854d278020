/** Projects that install tenon from a registry, on a machine with only Node.js and npm in the PATH. */
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot, librarySuffix } from './paths.mjs';
import { run } from './run.mjs';
import { findCommand } from './tools.mjs';

/** Uses everything that native files are needed for, and prints what it saw as JSON. */
const EXERCISE = `
import { once } from 'node:events';
import { PluginHost } from 'tenon';
const [echo, metronome] = process.argv.slice(2);
const host = new PluginHost();
const { addon, addonProblem, events, runner, runnerProblem, isolation, transports } = host.capabilities;
const seen = { addon, addonProblem, events, runner, runnerProblem, isolation, transports, answers: {}, errors: {} };
for (const tier of ['inline', 'thread', 'process']) {
  try {
    const plugin = await host.load(echo, { isolation: tier });
    const instance = await plugin.new();
    seen.answers[tier] = String(await instance.call(Buffer.from('hello')));
    await plugin.close?.();
  } catch (error) {
    seen.errors[tier] = error.message;
  }
}
try {
  if (!events) throw new Error(addonProblem);
  const plugin = await host.load(metronome);
  const instance = await plugin.new({ interval: 1, count: 2 });
  const [message] = await once(instance, 'message', { signal: AbortSignal.timeout(60_000) });
  seen.message = String(message.readBigUInt64LE());
} catch (error) {
  seen.errors.message = error.message;
}
await host.close();
try {
  const { check } = await import('tenon/check');
  seen.check = (await check([echo], { filter: ['abi/load'] })).outcome;
} catch (error) {
  seen.errors.check = error.message;
}
console.log(JSON.stringify(seen));
`;

const PLUGINS = ['echo', 'metronome'].map((name) => `${name}${librarySuffix}`);

/** Makes a folder with only Node.js, npm and the shell, which npm itself starts. Returns its path. */
export function makeBareBin(folder) {
  mkdirSync(folder, { recursive: true });
  const node = realpathSync(process.execPath);
  const places = { node, npm: findCommand(['npm']), npx: findCommand(['npx']), sh: '/bin/sh' };
  for (const [name, place] of Object.entries(places)) symlinkSync(realpathSync(place), join(folder, name));
  return folder;
}

/** A project in a folder of its own, with its own home, caches and settings. */
export class Project {
  /**
   * @param {string} folder
   * @param {{registry: string, bin: string, cache: string}} place `cache`: of downloads, which projects share
   */
  constructor(folder, { registry, bin, cache }) {
    this.folder = folder;
    mkdirSync(join(folder, 'home'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "name": "a-project", "private": true }\n');
    writeFileSync(join(folder, 'exercise.mjs'), EXERCISE);
    for (const name of PLUGINS) cpSync(inRoot('build', 'plugins', name), join(folder, name));
    this.env = {
      PATH: bin,
      HOME: join(folder, 'home'),
      TMPDIR: process.env.TMPDIR ?? '/tmp',
      npm_config_registry: registry,
      npm_config_cache: cache,
      npm_config_ignore_scripts: 'true',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
      YARN_NPM_REGISTRY_SERVER: registry.replace(/\/$/, ''),
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
      YARN_ENABLE_SCRIPTS: 'false',
      YARN_ENABLE_TELEMETRY: 'false',
      // These packages are a few seconds old.
      YARN_NPM_MINIMAL_AGE_GATE: '0',
      npm_config_min_release_age: '0',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      YARN_GLOBAL_FOLDER: join(dirname(cache), 'yarn'),
      COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    };
  }

  /** Runs a command in the project, with only Node.js and npm. */
  run(command, args, env = {}) {
    return run(command, args, { cwd: this.folder, env: { ...this.env, ...env } });
  }

  npm(...args) {
    return this.run(join(this.env.PATH, 'npm'), args);
  }

  node(...args) {
    return this.run(process.execPath, args);
  }

  /** Runs the exercise and returns what it saw. `runner`: the command before the script. */
  async exercise(runner = [process.execPath]) {
    const [command, ...args] = runner;
    const { ok, output } = await this.run(command, [
      ...args,
      'exercise.mjs',
      ...PLUGINS.map((name) => join(this.folder, name)),
    ]);
    const line = output.split('\n').find((text) => text.startsWith('{"addon"'));
    if (!ok || line === undefined) throw new Error(`The program has failed:\n${output}`);
    return JSON.parse(line);
  }
}
