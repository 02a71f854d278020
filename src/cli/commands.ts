/** All commands. */
import { build } from './build.js';
import { call } from './call.js';
import { check } from './check.js';
import type { Commands } from './command.js';
import { completionCommand } from './completion.js';
import { dev } from './dev.js';
import { helpCommand } from './help-command.js';
import { inspect } from './inspect.js';
import { kind } from './kind/kind.js';
import { list } from './list.js';
import { create } from './new.js';
import { runFlow } from './run.js';
import { ps } from './state/ps.js';
import { quarantine } from './state/quarantine.js';
import { stats } from './state/stats.js';

const all = (): Commands => COMMANDS;

export const COMMANDS: Commands = {
  inspect,
  list,
  call,
  check,
  new: create,
  dev,
  kind,
  build,
  run: runFlow,
  ps,
  stats,
  quarantine,
  help: helpCommand(all),
  completion: completionCommand(all),
};
