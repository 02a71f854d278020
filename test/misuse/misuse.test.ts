/**
 * Calls every public function and method with arguments of every wrong kind. Only TenonErrors may come out, none
 * may cost a second, and everything must work afterwards.
 *
 * TENON_FUZZ_SEED and TENON_FUZZ_CALLS choose other calls than the usual ones.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Instance } from '../../src/host/instance.js';
import { Plugin } from '../../src/host/plugin.js';
import { TenonError } from '../../src/index.js';
import { temporaryFolder } from '../support/index.js';
import { type Random, randomOf } from './random.js';
import { openStage, type Target } from './targets.js';
import { anyCallOptions, anyOptions, anyValue, OwnError, describe as shown } from './values.js';

const SEEDS = [1, 2, 3].map((seed) => Number(process.env['TENON_FUZZ_SEED'] ?? seed));
const CALLS = Number(process.env['TENON_FUZZ_CALLS'] ?? 1000);
/** The processor time that a call may take. It does not depend on what else the machine does. */
const MOST_MS = 1000;
/** The longest wait of a call for others. It is generous: only a call that never ends reaches it. */
const NEVER_MS = 30_000;

/** A call that did something else than it should. */
interface Complaint {
  readonly call: string;
  readonly problem: string;
}

class Trial {
  readonly complaints: Complaint[] = [];
  readonly outcomes = { returned: 0, refused: 0, own: 0 };
  current = 'nothing';

  /** Makes a call, and judges what comes out of it. */
  async run(target: Target, args: unknown[]): Promise<void> {
    this.current = `${target.name}(${args.map(shown).join(', ')})`;
    if (process.env['TENON_FUZZ_TRACE']) writeFileSync(process.env['TENON_FUZZ_TRACE'], this.current);
    const before = process.cpuUsage();
    try {
      await tidy(await settled(target.call(...args)));
      this.outcomes.returned += 1;
    } catch (error) {
      this.judge(error);
    }
    const { user, system } = process.cpuUsage(before);
    if (user + system > MOST_MS * 1000) this.complain(`took ${(user + system) / 1000} ms of processor time`);
  }

  judge(error: unknown): void {
    if (error instanceof TenonError) this.outcomes.refused += 1;
    else if (error instanceof OwnError || isReason(error)) this.outcomes.own += 1;
    else this.complain(`threw ${error instanceof Error ? error.stack : shown(error)}`);
  }

  complain(problem: string): void {
    this.complaints.push({ call: this.current, problem });
  }
}

/** Returns whether it is the reason of an aborted signal. */
function isReason(error: unknown): boolean {
  return error instanceof DOMException && ['TimeoutError', 'AbortError'].includes(error.name);
}

async function settled(value: unknown): Promise<unknown> {
  if (!(value instanceof Promise)) return value;
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not settle within ${NEVER_MS} ms`)), NEVER_MS);
  });
  return Promise.race([value, never]).finally(() => clearTimeout(timer));
}

/** Closes what a call has made. */
async function tidy(value: unknown): Promise<void> {
  if (value instanceof Instance || value instanceof Plugin) await value.close();
  if (typeof value === 'object' && value !== null && 'plugins' in value && Array.isArray(value.plugins))
    for (const plugin of value.plugins) if (plugin instanceof Plugin) await plugin.close();
}

/** The targets that are worth more calls than others, because much is behind them. */
const RICH = /\.(load|new|call|callSync|callMany|callManySync|min)$|^(new Batch|defineKind|new PluginHost)/;
/** Loading everything takes long: once in a while is enough. */
const HEAVY = /\.discover$/;

function pickTarget(targets: readonly Target[], rich: readonly Target[], random: Random): Target {
  const target = random.next() < 0.5 ? random.pick(targets) : random.pick(rich);
  return HEAVY.test(target.name) && random.next() < 0.8 ? random.pick(rich) : target;
}

/** Returns arguments: sometimes a good first one, so that the check of the second is reached. */
function argumentsFor(target: Target, random: Random): unknown[] {
  const first = /\.(load)$/.test(target.name) && random.next() < 0.6 ? 'echo' : undefined;
  const bytes = /\.call(Sync)?$/.test(target.name) && random.next() < 0.4 ? Buffer.from('input') : undefined;
  const record = /\.min$/.test(target.name) && random.next() < 0.4 ? { a: 1, b: 2 } : undefined;
  const good = first ?? bytes ?? record;
  const count = random.below(4);
  const rest = Array.from({ length: count }, (_, i) =>
    i === 1 || good !== undefined ? anyOptions(random) : anyValue(random),
  );
  if (good === undefined) return rest;
  return [good, first === undefined && random.next() < 0.8 ? anyCallOptions(random) : rest[0]];
}

test.each(SEEDS)(
  'only TenonErrors come out of calls with any arguments: seed %i',
  async (seed) => {
    const folder = temporaryFolder();
    const deep = join(folder, 'a', 'b', 'c');
    mkdirSync(deep, { recursive: true });
    const before = process.cwd();
    process.chdir(deep); // Some of the arguments are names of files that will be written.
    onTestFinished(() => process.chdir(before));
    const trial = new Trial();
    const loose = (error: unknown) => trial.judge(error);
    process.on('unhandledRejection', loose).on('uncaughtException', loose);
    onTestFinished(() => void process.off('unhandledRejection', loose).off('uncaughtException', loose));

    const random = randomOf(seed);
    const { host, targets, verify } = await openStage(join(folder, 'state'));
    const rich = targets.filter(({ name }) => RICH.test(name));
    for (let i = 0; i < CALLS; i++) {
      const target = pickTarget(targets, rich, random);
      await trial.run(target, argumentsFor(target, random));
      if (i % 100 === 99) await verify();
    }
    await verify();
    await host.close();
    const { returned, refused, own } = trial.outcomes;
    console.log(
      `misuse, seed ${seed}: ${returned} returned, ${refused} refused, ${own} of the arguments' own`,
    );
    expect(trial.complaints).toEqual([]);
  },
  300_000,
);
