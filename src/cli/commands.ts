/** All commands. */
import { call } from './call.js';
import { check } from './check.js';
import type { Commands } from './command.js';
import { helpCommand } from './help-command.js';
import { inspect } from './inspect.js';
import { list } from './list.js';
import { create } from './new.js';

const all = (): Commands => COMMANDS;

export const COMMANDS: Commands = {
  inspect,
  list,
  call,
  check,
  new: create,
  help: helpCommand(all),
};
