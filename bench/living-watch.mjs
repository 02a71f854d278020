/** Measures watched folders, idle and with a new file, and `tenon dev`. */
import { spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { INPUT, install, root, row, SETTLE } from './living-common.mjs';

const WATCHED = 1000;

/** @typedef {import('./living-common.mjs').Setting} Setting */

/**
 * Measures the time from a file in its place to the answer of its plugin, in a watched folder.
 *
 * @param {Setting} setting
 */
export async function settled({ tenon, build, folder, rounds }) {
  const watched = join(folder, 'watched');
  mkdirSync(watched);
  const file = join(build, 'plugins', 'wordcount.so');
  const path = join(watched, 'wordcount.so');
  install(file, path);
  const host = new tenon.PluginHost({ paths: [watched], cacheDir: join(folder, 'cache') });
  const plugin = await host.load('wordcount', { isolation: 'process' });
  const instance = await plugin.new();
  await host.watch({ settle: SETTLE, autoReload: true });
  const times = [];
  for (let round = 0; round < Math.min(rounds, 11); round++) {
    await delay(20);
    const begun = performance.now();
    const swapped = new Promise((resolve) => plugin.once('reload', resolve));
    install(file, path);
    await swapped;
    await instance.call(INPUT);
    times.push(performance.now() - begun - SETTLE);
  }
  await host.close();
  return row('watched file settled to the answer of the new version', times, 'ms');
}

const SOURCE = `#include "tenon.h"
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)error;
  *state = NULL;
  return TENON_OK;
}
static void drop(void *state) { (void)state; }
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_write(out, "ANSWER", sizeof("ANSWER") - 1);
}
TENON_PLUGIN("bench", "1.0.0", make, drop, call);
`;

/**
 * Measures `tenon dev`: the time from the save of a source to the new answer, beyond 1.2 times that of the compiler.
 *
 * @param {Setting} setting
 */
export async function saved({ dist, folder, rounds }) {
  const project = join(folder, 'project');
  mkdirSync(project);
  const source = join(project, 'bench.c');
  const write = (/** @type {string} */ answer) => writeFileSync(source, SOURCE.replaceAll('ANSWER', answer));
  write('start');
  const args = [join(dist, 'cli', 'main.js'), 'dev', project, '--no-check'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  let look = () => undefined;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
    look();
  });
  const sees = (/** @type {string} */ text) =>
    new Promise((resolve) => {
      look = () => void (printed.includes(text) && resolve(undefined));
      look();
    });
  await sees('waiting');
  const excess = [];
  for (let round = 0; round < Math.min(rounds, 11); round++) {
    const compiler = await compile(project, `alone${round}`);
    await delay(100);
    const begun = performance.now();
    write(`answer ${round}.`);
    await sees(`+ answer ${round}.`);
    excess.push(performance.now() - begun - 1.2 * compiler);
  }
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
  return row('tenon dev, save to the new answer, minus 1.2 × the compiler', excess, 'ms');
}

/** Compiles as \`tenon dev\` does. Returns the milliseconds. @param {string} project @param {string} name */
async function compile(project, name) {
  const flags = ['-std=c11', '-O1', '-g', '-Wall', '-Wextra', '-fPIC', '-fvisibility=hidden', '-shared'];
  const out = join(project, '..', `${name}.so`);
  const begun = performance.now();
  const args = [...flags, `-I${join(root, 'include')}`, join(project, 'bench.c'), '-o', out];
  const code = await new Promise((resolve) => spawn('cc', args, { stdio: 'inherit' }).on('close', resolve));
  if (code !== 0) throw new Error('The compiler failed');
  return performance.now() - begun;
}

/**
 * Measures the processor time of a watch over a folder in which nothing happens, over a minute: once in that time it
 * lists the folder.
 *
 * @param {Setting} setting
 */
export async function idleWatch({ tenon, build, folder, rounds }) {
  const many = join(folder, 'many');
  mkdirSync(many);
  const file = join(build, 'plugins', 'echo.so');
  for (let i = 0; i < WATCHED; i++) {
    copyFileSync(file, join(many, `p${i}.so`));
    appendFileSync(join(many, `p${i}.so`), String(i));
  }
  const host = new tenon.PluginHost({ paths: [many] });
  const watch = await host.watch({ settle: SETTLE });
  await new Promise((resolve) => {
    let seen = 0;
    watch.on('added', () => void (++seen === WATCHED && resolve(undefined)));
  });
  await delay(500);
  const before = process.cpuUsage();
  const begun = performance.now();
  await delay(rounds < 10 ? 6000 : 64_000);
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 10 / (performance.now() - begun);
  await host.close();
  return row(`idle watch of ${WATCHED} files`, [share], '% of a core');
}
