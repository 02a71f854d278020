/** Checks of group `lifecycle` that are about the config of an instance. */
import type { CheckDefinition } from '../definition.js';

const method = { type: 'scenario', timeout: 30_000 } as const;
const common = { severity: 'error', needs: ['lifecycle/new'], method } as const;

export const configChecks: readonly CheckDefinition[] = [
  {
    ...common,
    id: 'lifecycle/empty-config',
    title: 'new answers an empty config, and reads nothing of it.',
    why: 'Hosts without a config hand over 0 bytes: there is no first one to look at.',
    fix: 'Look at config_len before you look at config.',
    level: 'basic',
  },
  {
    ...common,
    id: 'lifecycle/config-bounds',
    title: 'new reads no byte behind the config, and writes none in it.',
    why: 'The config is bytes and a length: no NUL ends it, and behind it may be anything or nothing.',
    fix: 'Do not use strlen, strchr, strtol or a parser of C strings on config: copy it, and add the NUL there.',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/huge-config',
    title: 'new answers a config of 1 MiB.',
    why: 'Configs are written by programs, too: word lists, tables, certificates.',
    fix: 'Put no bound on it that is not tested, keep it off the stack; TENON_INVALID is a good answer to what is too much.',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/nested-config',
    title: 'new answers a config whose values lie deep in one another.',
    why: 'A parser that calls itself for each level runs out of stack, which ends the host; the config may come from a stranger.',
    fix: 'Use a JSON library with a bound on the depth, or count the levels.',
    level: 'torture',
  },
  {
    ...common,
    id: 'lifecycle/invalid-json',
    title: 'new answers a config that is not JSON.',
    why: 'Users misspell; what they should see is a message.',
    fix: 'Return TENON_INVALID with a message that says what is wrong with the config.',
    level: 'basic',
  },
  {
    ...common,
    id: 'lifecycle/invalid-utf8',
    title: 'new answers a config that is not UTF-8, with a message that is.',
    why: 'Bytes of the config that come back in a message make it no text: hosts cannot show it, and treat it as a breach.',
    fix: 'Check the config before you quote from it, or quote it escaped.',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/kept-config',
    title: 'An instance does not use the memory of its config after new.',
    why: 'It is borrowed until new returns. Later there is something else in it, and nobody notices in a test.',
    fix: 'Copy in new what is needed later.',
    level: 'strict',
    needs: ['calls/plain'],
  },
];
