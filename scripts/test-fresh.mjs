/**
 * `npm run test:fresh [-- SCENARIO…] [--suite NAME] [--keep]`: runs the two commands of the README on fresh machines,
 * which are roots made by debootstrap. Needs Linux and root. Each complete scenario takes about half an hour.
 *
 * - `node-only`: a machine with only Node.js and npm. Both commands install the missing tools. No test is skipped for a
 *   tool that apt has.
 * - `prerequisites`: a machine with compilers, CMake, zlib's header and cargo. With --no-install nothing is installed.
 *   Tests that need another tool are skipped, and the tool is reported.
 * - `user`: a user who first has no rights, and then has sudo without a password.
 *
 * `--suite`: the suite of the roots; default: that of this machine. `--keep`: keeps the roots.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CHECKOUT, makeRoot, removeRoot, runIn, UBUNTU } from './lib/fresh-root.mjs';
import { inRoot } from './lib/paths.mjs';
import { outcome, tail } from './lib/run.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';
import { aptInstall, aptUpdate, asRoot } from './lib/system-packages.mjs';
import { TOOLS } from './lib/tool-table.mjs';
import { findCommand } from './lib/tools.mjs';

const TALLY = /^\d+ passed, (\d+) failed, \d+ skipped$/;

/** Returns the last line of `npm test`, and the lines about missing tools before it. */
function endOf(output) {
  const lines = output.trimEnd().split('\n');
  const from = lines.lastIndexOf('Skipped because a tool is missing:');
  return { tally: lines.at(-1) ?? '', missing: from < 0 ? [] : lines.slice(from, -1) };
}

/** A machine under test, with the log of its commands and the results. */
class Machine {
  constructor(name, folder, suite) {
    this.name = name;
    this.folder = folder;
    this.isUbuntu = UBUNTU.includes(suite);
    this.report = [];
  }

  /** Runs a command, logs it, and checks its exit code. Returns the output. */
  async run(command, { user, code = 0 } = {}) {
    let output = '';
    await step(`${this.name}: ${command}`, async () => {
      const result = await runIn(this.folder, command, { user });
      ({ output } = result);
      const log = inRoot('build', 'fresh', `${this.name}-${this.report.length}.log`);
      mkdirSync(inRoot('build', 'fresh'), { recursive: true });
      writeFileSync(log, `$ ${command}\n${output}\n${outcome(result)}\n`);
      const { tally, missing } = endOf(output);
      this.report.push(
        `${this.name}: ${command}: ${outcome(result)}${TALLY.test(tally) ? `, ${tally}` : ''}`,
      );
      this.report.push(...missing.map((line) => `    ${line}`));
      if (result.code !== code) throw new StepFailure(`${log} ends with:\n${tail(output, 60)}`);
    });
    return output;
  }

  expect(holds, sentence) {
    this.report.push(`${this.name}: ${holds ? 'yes' : 'NO'}: ${sentence}`);
    if (!holds) throw new StepFailure(`${this.name}: this is not true: ${sentence}`);
  }

  async packages() {
    return (await runIn(this.folder, 'dpkg-query --show')).output;
  }
}

/** Checks that nothing was skipped, except for Chromium on Ubuntu: there it is a snap, which a person must install. */
function expectNothingMissed(machine, tested) {
  const rows = endOf(tested).missing.filter((line) => / \d+ skipped {2}/.test(line));
  const others = rows.filter((line) => !(machine.isUbuntu && line.includes(TOOLS.chromium.what)));
  machine.expect(others.length === 0, 'nothing was skipped for a tool that apt has');
}

const hasNothing = (machine) =>
  machine.run('for tool in cc g++ cmake make cargo clang; do ! command -v $tool || exit 1; done');

async function nodeOnly(machine) {
  await hasNothing(machine);
  const named = await machine.run('npm start -- --no-install', { code: 1 });
  machine.expect(
    [TOOLS.cmake, TOOLS.cc, TOOLS.cxx, TOOLS.cargo].every(({ what }) => named.includes(what)),
    '--no-install reports the missing tools and stops',
  );
  machine.expect(
    /^Done: /m.test(await machine.run('npm start')),
    'npm start installs them and runs the main job',
  );
  const tested = await machine.run('npm test');
  machine.expect(
    TALLY.exec(endOf(tested).tally)?.[1] === '0',
    'npm test ends with a count, and nothing failed',
  );
  expectNothingMissed(machine, tested);
  machine.expect(!(await machine.run('npm start')).includes('apt-get'), 'a second run installs nothing');
}

/** Returns the packages of the README. Debian 12 and Ubuntu 24.04 have a newer Rust under another name. */
const prerequisites = (suite) => {
  const cargo = { bookworm: 'cargo-web', noble: 'cargo-1.85', jammy: 'cargo-1.85' }[suite] ?? 'cargo';
  return `gcc g++ libc6-dev make cmake zlib1g-dev ca-certificates ${cargo}`;
};

async function withPrerequisites(machine, suite) {
  const install = 'DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends';
  await machine.run(`apt-get update -q && ${install} ${prerequisites(suite)}`);
  const before = await machine.packages();
  const started = await machine.run('npm start -- --no-install');
  machine.expect(/^Done: /m.test(started) && !/SKIPPED/.test(started), 'npm start runs the whole main job');
  const tested = await machine.run('npm test -- --no-install');
  machine.expect(
    TALLY.exec(endOf(tested).tally)?.[1] === '0',
    'npm test ends with a count, and nothing failed',
  );
  machine.expect(
    ['clang', 'lld', 'mingw64', 'chromium'].every((name) =>
      endOf(tested).missing.some((line) => line.includes(TOOLS[name].what)),
    ),
    'the lines before it list the missing tools',
  );
  machine.expect((await machine.packages()) === before, 'no package was installed');
}

async function asUser(machine) {
  await machine.run(`useradd --create-home dev && chown -R dev ${CHECKOUT}`);
  await hasNothing(machine);
  const refused = await machine.run('npm start', { user: 'dev', code: 1 });
  machine.expect(
    /^ {2}sudo apt-get install .*cmake/m.test(refused),
    'without rights it prints the command with sudo',
  );
  const install = 'DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends';
  await machine.run(
    `apt-get update -q && ${install} sudo && echo "dev ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/dev`,
  );
  machine.expect(/^Done: /m.test(await machine.run('npm start', { user: 'dev' })), 'with sudo it installs');
  const tested = await machine.run('npm test -- test/inspect/pe.test.ts test/scripts', { user: 'dev' });
  expectNothingMissed(machine, tested);
}

const SCENARIOS = { 'node-only': nodeOnly, prerequisites: withPrerequisites, user: asUser };

const suiteHere = () => /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];

async function needDebootstrap() {
  if (process.platform !== 'linux' || process.getuid() !== 0 || process.env.npm_execpath === undefined)
    throw new StepFailure(
      'Cannot make roots: this needs Linux and root. Run it as root, with npm run test:fresh.',
    );
  if (findCommand(['debootstrap']) !== undefined) return;
  const prefix = await asRoot(findCommand);
  await step('debootstrap', async () => {
    await aptUpdate(prefix);
    const { ok } = await aptInstall(prefix, ['debootstrap']);
    if (!ok) throw new StepFailure('debootstrap is missing. Install it: apt-get install debootstrap');
  });
}

async function tryScenario(name, suite, keep) {
  let folder;
  await step(`${name}: a root of ${suite}`, async () => {
    folder = await makeRoot(suite);
    return folder;
  });
  const machine = new Machine(`${suite}-${name}`, folder, suite);
  try {
    await SCENARIOS[name](machine, suite);
    return { machine, failure: undefined };
  } catch (failure) {
    return { machine, failure };
  } finally {
    if (!keep) removeRoot(folder);
  }
}

await main(import.meta.url, async () => {
  const options = { suite: { type: 'string' }, keep: { type: 'boolean' } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
  const unknown = names.find((name) => !Object.hasOwn(SCENARIOS, name));
  if (unknown !== undefined)
    throw new StepFailure(`There is no scenario ${unknown}, only ${Object.keys(SCENARIOS).join(', ')}.`);
  await needDebootstrap();
  const results = [];
  for (const name of names) results.push(await tryScenario(name, values.suite ?? suiteHere(), values.keep));
  for (const { machine, failure } of results) {
    console.log(`\n${machine.report.join('\n')}`);
    if (failure !== undefined) console.log(`${machine.name}: FAILED: ${failure.message}`);
  }
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  say(`fresh machines: ${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
