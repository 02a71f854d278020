/** Checks of group `lifecycle` that concern the config of an instance. */
import type { CheckDefinition } from '../definition.js';

const method = { type: 'scenario', timeout: 30_000 } as const;
const common = { severity: 'error', needs: ['lifecycle/new'], method } as const;

export const configChecks: readonly CheckDefinition[] = [
  {
    ...common,
    id: 'lifecycle/empty-config',
    title: 'new accepts or rejects an empty config, and does not read it.',
    why: 'Hosts without a config pass 0 bytes, so there is no first byte to read.',
    fix: 'Check config_len before you read config.',
    level: 'basic',
  },
  {
    ...common,
    id: 'lifecycle/config-bounds',
    title: 'new does not read past the end of the config, and does not write to it.',
    why: 'The config is bytes and a length. No NUL terminates it, and the memory after it may be unmapped.',
    fix: 'Do not call strlen, strchr, strtol or a parser of C strings on config. Copy it and append the NUL to the copy.',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/huge-config',
    title: 'new accepts or rejects a config of 1 MiB.',
    why: 'Programs write configs too, and include word lists, tables and certificates in them.',
    fix: 'Check the length before you copy into a fixed buffer, and keep the config off the stack. TENON_INVALID is a correct answer to a config that is too large.',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/nested-config',
    title: 'new accepts or rejects a deeply nested config.',
    why: 'A parser that recurses for each level overflows the stack, which ends the host. The config may come from an untrusted source.',
    fix: 'Use a JSON library that limits the depth, or count the levels.',
    level: 'torture',
  },
  {
    ...common,
    id: 'lifecycle/invalid-json',
    title: 'new accepts or rejects a config that is not JSON.',
    why: 'Users make typing errors, and should see a message.',
    fix: 'Return TENON_INVALID with a message that says what is wrong with the config.',
    level: 'basic',
  },
  {
    ...common,
    id: 'lifecycle/invalid-utf8',
    title: 'new accepts or rejects a config that is not UTF-8, and its message is UTF-8.',
    why: 'A message that contains such bytes of the config is not valid UTF-8. Hosts cannot show it, and treat it as a breach of the contract.',
    fix: 'Validate the config before you quote it in a message, or escape what you quote.',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/kept-config',
    title: 'An instance does not use the memory of its config after new returns.',
    why: 'The config is borrowed until new returns. Later the memory contains something else, which a test rarely notices.',
    fix: 'Copy in new what you need later.',
    level: 'strict',
    needs: ['calls/plain'],
  },
];
