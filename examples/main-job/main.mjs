/**
 * The main job: six native plugins process every text file below a folder, and every result is verified. Then some of
 * the files pass through a flow of connectors.
 * `npm start` builds the plugins first and then runs this program.
 */
import { parse } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { PluginHost } from '../../dist/index.js';
import { listTextFiles, MAX_BYTES, readText } from './files.mjs';
import { runFlow } from './flow.mjs';
import { makeJobs } from './jobs.mjs';
import { readOptions, USAGE, UsageError } from './options.mjs';
import { makeProgress } from './progress.mjs';
import { count, gateTable, languageOf, megabytes, pluginTable, refusals } from './show.mjs';
import { textKind } from './text-job.mjs';

const print = (...lines) => console.log(lines.join('\n'));

/** Admits the plugins of a folder, and prints the admitted and the refused ones. */
async function discover(host, folder, isolation) {
  const found = await host.discover({ isolation });
  const { plugins } = found;
  const refused = [...found.refused, ...found.shadowed];
  const { addon, runner } = host.capabilities;
  const calls = addon ? 'the native addon' : 'koffi (the native addon is not built)';
  print('', `Plugins admitted from ${folder}: ${plugins.length}`);
  if (plugins.length > 0) {
    print(...pluginTable(plugins), '', 'Time in each gate of admission, in ms', ...gateTable(plugins), '');
  }
  print(`Refused: ${refused.length === 0 ? 'none' : refused.length}`, ...refusals(refused));
  print(`Tier: ${isolation}. Calls use ${calls}, probes use ${runner ? 'tenon-runner' : 'Node.js'}.`);
  return { plugins, refused };
}

/** Creates an instance for each job whose plugin was admitted. */
async function startJobs(plugins, pattern) {
  const started = [];
  const absent = [];
  for (const job of makeJobs(pattern)) {
    const plugin = plugins.find(({ name }) => name === job.plugin);
    if (plugin === undefined) {
      absent.push(job);
      continue;
    }
    const call = connect(job, plugin, await plugin.new(job.config));
    started.push({ job, plugin, call, ms: 0, right: 0, wrong: [], unchecked: 0 });
  }
  return { started, absent };
}

/** Returns the function that calls an instance with the bytes of a file. Inline it may return the result itself. */
function connect(job, plugin, instance) {
  const isInline = plugin.isolation === 'inline';
  if (job.connect !== undefined) return job.connect(instance, isInline);
  return isInline ? (input) => instance.callSync(input) : (input) => instance.call(input);
}

/** Processes one file with one plugin and verifies the result. Only the time of the calls is counted. */
async function runOne(running, input, path) {
  const begin = performance.now();
  const returned = running.call(input);
  const result = returned instanceof Promise ? await returned : returned;
  running.ms += performance.now() - begin;
  running.job.add(input, result);
  const isRight = running.job.check(input, result);
  if (isRight === null) running.unchecked++;
  else if (isRight) running.right++;
  else running.wrong.push(path);
}

/** Processes all files with all plugins. */
async function runAll(started, { files, bytes }) {
  const progress = makeProgress(bytes);
  const done = { files: 0, bytes: 0, notText: 0 };
  let seen = 0;
  for (const [index, { path, size }] of files.entries()) {
    const input = readText(path);
    if (input === null) {
      done.notText++;
    } else {
      for (const running of started) await runOne(running, input, path);
      done.files++;
      done.bytes += input.length;
    }
    seen += size;
    progress.update(seen, index + 1);
    // Calls block this thread, so signals and timers need a turn of the event loop from time to time.
    if (index % 64 === 0) await setImmediate();
  }
  progress.end();
  return done;
}

function report({ job, plugin, ms, right, wrong, unchecked }, done) {
  const seconds = Math.max(ms / 1000, 1e-6);
  const perSecond = `${(done.bytes / 1e6 / seconds).toFixed(0)} MB/s, ${count(Math.round(done.files / seconds))} files/s`;
  print('', `${plugin.name} (${languageOf(plugin.manifest)}): ${job.summary()}`);
  print(`  ${seconds.toFixed(3)} s in the plugin, ${perSecond}`);
  if (right > 0 || unchecked === 0)
    print(`  verified by ${job.checkedBy}: ${count(right)} of ${count(right + wrong.length)} files`);
  if (unchecked > 0) print(`  not verified: ${count(unchecked)} files (${job.uncheckedBecause})`);
  for (const path of wrong.slice(0, 5)) print(`  WRONG RESULT for ${path}`);
}

/** Prints how many files are processed and how many are skipped. */
function describe(folder, { files, bytes, tooLarge, unreadable }) {
  print('', `Text files below ${folder}: ${count(files.length)}, ${megabytes(bytes)}`);
  if (tooLarge > 0) print(`  skipped, larger than ${megabytes(MAX_BYTES)}: ${count(tooLarge)}`);
  if (files.length === 0) print('  nothing to do: no file name looks like text');
  if (unreadable > 0) print(`  folders that cannot be read: ${count(unreadable)}`);
}

/**
 * Prints the jobs that did not run. Returns whether one of them is an error: only an optional plugin that was
 * not built may be absent.
 */
function reportAbsent(absent, refused) {
  const isRefused = ({ plugin }) =>
    refused.some(({ path }) => path !== undefined && parse(path).name === plugin);
  const missing = absent.filter((job) => !job.optional || isRefused(job));
  for (const job of absent) {
    const why = missing.includes(job) ? 'MISSING, the plugin was not admitted' : `SKIPPED, ${job.optional}`;
    print('', `${job.plugin}: ${why}`);
  }
  return missing.length > 0;
}

async function work(host, options) {
  const { folder, pattern, isolation, plugins: pluginFolder } = options;
  const { plugins, refused } = await discover(host, pluginFolder, isolation);
  const { started, absent } = await startJobs(plugins, pattern);
  const list = listTextFiles(folder);
  describe(folder, list);
  const begin = performance.now();
  const done = await runAll(started, list);
  if (done.notText > 0) print(`  skipped, not text or not readable: ${count(done.notText)}`);
  if (done.files > 0) for (const running of started) report(running, done);
  const isMissing = reportAbsent(absent, refused);
  const isFlowRight = await runFlow(options, list, print);
  const failed = isMissing || !isFlowRight || started.some(({ wrong }) => wrong.length > 0);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const sum = `${count(done.files)} files, ${megabytes(done.bytes)}, ${seconds} s including reading and verifying`;
  print('', `${failed ? 'FAILED' : 'Done'}: ${sum}.`);
  return failed ? 1 : 0;
}

async function runMainJob(options) {
  const host = new PluginHost({ paths: [options.plugins], kinds: [textKind] });
  try {
    return await work(host, options);
  } finally {
    await host.close();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) print(USAGE);
  else process.exitCode = await runMainJob(options);
} catch (error) {
  const isUsage = error instanceof UsageError;
  const code = error.code === undefined ? '' : `${error.code}: `;
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : `The main job failed: ${code}${error.message}`);
  process.exitCode = isUsage ? 2 : 1;
}
