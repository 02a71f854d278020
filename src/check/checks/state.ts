/** Checks of group `state`: whether the kind state/1 moves the state of an instance, as hosts do at a reload. */
import { join } from 'node:path';
import { conclude } from '../conclude.js';
import type { CheckAnswer, CheckDefinition } from '../definition.js';
import { startScenario } from '../scenario.js';
import { withScratch } from '../scratch.js';
import type { Subject } from '../subject.js';
import { GENEROUS, QUICK } from './calls-shared.js';

const KIND = 'state';

export const stateChecks: readonly CheckDefinition[] = [
  {
    id: 'state/save',
    title: 'Saving the state changes nothing, and can be repeated.',
    why: 'A host saves before it knows whether the new version accepts the state, and saves again if a call came meanwhile. If that fails, the instance goes on.',
    fix: 'Let save only read. Do not close, clear or hand over anything in it.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/methods', 'kind/facts'],
    method: { type: 'scenario', timeout: QUICK, skip: withoutState },
  },
  {
    id: 'state/restore',
    title: 'An instance in another process that restores a saved state answers like the one that was saved.',
    why: 'After a reload the new version goes on in place of the old one. What is not restored is lost.',
    fix: 'Save everything that results depend on, except the config. Save values and not pointers, handles or numbers of this process.',
    severity: 'error',
    level: 'basic',
    needs: ['state/save'],
    method: { type: 'processes', skip: withoutState, run: restoreElsewhere },
  },
  {
    id: 'state/damaged',
    title: 'Restoring refuses an unknown format with TENON_UNSUPPORTED and damaged data with TENON_INVALID.',
    why: 'The state may come from any other version of the plugin. The host keeps the old version, or discards the state, if the new one refuses it; a state that is misread is noticed too late.',
    fix: 'Compare the format first. Check that the data has exactly the length that it needs, and every length, count and index in it before it is used.',
    severity: 'error',
    level: 'strict',
    needs: ['state/save', 'calls/record-length'],
    method: { type: 'scenario', timeout: GENEROUS, skip: withoutState },
  },
];

function withoutState({ facts }: Subject): string | null {
  const stated = facts.descriptor?.kinds[KIND];
  return stated?.startsWith('1.') === true ? null : 'it does not have the kind state/1';
}

/**
 * Saves in two processes, whose difference shows which results change by themselves, and restores in a third. Addresses
 * and numbers of a process are different there.
 */
async function restoreElsewhere(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const timeout = subject.settings.timeout ?? QUICK;
  return withScratch(async (folder) => {
    const run = async (id: string, kept: string): Promise<CheckAnswer> => {
      const options = { timeout, args: ['--kept', kept] };
      return conclude(await startScenario({ id }, subject, folder, options), {}, subject, timeout);
    };
    for (const name of ['one', 'other']) {
      const answer = await run(`${check.id}-save`, join(folder, name));
      if (answer.state !== 'passed') return answer;
    }
    return run(check.id, folder);
  });
}
