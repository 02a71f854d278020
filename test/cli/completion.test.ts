/** `tenon completion`, run by the real shells. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { tenon } from './run.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const hasShell = (shell: Shell) => spawnSync(shell, ['--version']).status === 0;
const WHY = (shell: Shell) => `skipped: ${shell} is not installed (Debian package ${shell})`;

/** Returns the completions that a shell offers at the end of a line, in a folder with files. */
type Complete = (line: string, folder: string, script: string) => string[];

/** A bash script that calls the registered completion function with the variables of bash. */
const BASH = `
source "$1"
line="$2"
# Splits the line like readline: at blanks, with = as a separate word.
COMP_WORDS=()
for word in $line; do
  while [[ "$word" == *=* ]]; do
    [ -n "\${word%%=*}" ] && COMP_WORDS+=("\${word%%=*}")
    COMP_WORDS+=(=)
    word="\${word#*=}"
    [ -z "$word" ] && continue 2
  done
  COMP_WORDS+=("$word")
done
[[ "$line" == *" " ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
$(complete -p tenon | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** The startup file of an interactive zsh, which writes its completions to a file and exits. */
const ZSHRC = String.raw`
autoload -Uz compinit && compinit -u -D
source $SCRIPT
compadd() {
  if [[ $@[1,(i)(-|--)] == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -A hits "$@"
  print -rl -- $hits >>$OFFERED
  builtin compadd "$@"
}
comppostfuncs=(exit)
bindkey '^I' complete-word
print READY
`;

/** A zsh script that types the line and a tab into the interactive zsh. */
const ZSH = `
zmodload zsh/zpty
zpty shell zsh -i
zpty -r -m shell seen '*READY*'
zpty -w -n shell "$1"$'\t'
while zpty -r shell seen; do :; done
zpty -d shell
cat $OFFERED
`;

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): string {
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, TERM: 'xterm', HOME: cwd, XDG_CONFIG_HOME: cwd, ...env },
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

const COMPLETE: Readonly<Record<Shell, Complete>> = {
  bash: (line, folder, script) =>
    run('bash', ['--norc', '-c', BASH, 'bash', script, line], folder)
      .split('\n')
      .filter((word) => word !== ''),
  zsh: (line, folder, script) => {
    const home = temporaryFolder();
    writeFileSync(join(home, '.zshrc'), ZSHRC);
    const offered = join(home, 'offered');
    writeFileSync(offered, '');
    const env = { ZDOTDIR: home, SCRIPT: script, OFFERED: offered };
    return run('zsh', ['-f', '-c', ZSH, 'zsh', line], folder, env)
      .split('\n')
      .filter((word) => word !== '');
  },
  fish: (line, folder, script) =>
    run('fish', ['--no-config', '-c', `source ${script}; complete -C ${JSON.stringify(line)}`], folder)
      .split('\n')
      .map((shown) => shown.split('\t')[0] ?? '')
      .filter((word) => word !== ''),
};

describe.each(SHELLS)('the completion of %s', (shell) => {
  if (!hasShell(shell)) {
    test.skip(WHY(shell), () => undefined);
    return;
  }
  let script = '';
  beforeAll(async () => {
    const { stdout, code, stderr } = await tenon(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    script = stdout;
  });

  function complete(line: string): string[] {
    const folder = temporaryFolder();
    const file = join(folder, 'completion-script');
    writeFileSync(file, script);
    const place = join(folder, 'place');
    mkdirSync(join(place, 'afolder'), { recursive: true });
    writeFileSync(join(place, 'afile.so'), '');
    return COMPLETE[shell](line, place, file);
  }

  test.each([
    ['tenon ', ['inspect', 'list', 'call', 'check', 'quarantine', 'completion'], ['--json', 'afile.so']],
    ['tenon qu', ['quarantine'], ['list']],
    ['tenon help ', ['inspect', 'ps'], ['afile.so']],
    ['tenon completion ', ['bash', 'zsh', 'fish'], ['afile.so']],
    ['tenon quarantine ', ['list', 'clear'], ['afile.so', 'call']],
    ['tenon check --lev', ['--level'], ['--filter']],
    ['tenon check x.so --level ', ['basic', 'strict', 'torture'], ['afile.so']],
    ['tenon check --level=st', ['strict'], ['basic']],
    ['tenon check --explain calls/pl', ['calls/plain'], ['calls/one-byte']],
    ['tenon call x --isolation ', ['inline', 'thread', 'process'], ['afile.so']],
    ['tenon list --isolation inline --js', ['--json'], ['--depth']],
    ['tenon --color ', ['auto', 'always', 'never'], ['list']],
    ['tenon --color never quarantine cl', ['clear'], ['list']],
    ['tenon call af', ['afile.so'], ['--input']],
    ['tenon check --config af', ['afile.so'], []],
  ])('of "%s" offers %j and does not offer %j', (line, wanted, unwanted) => {
    const offered = complete(line).map((word) => word.replace(/^--level=/, ''));
    const paths = offered.map((word) => word.replace(/\/$/, ''));
    for (const word of wanted) expect(paths).toContain(word);
    for (const word of unwanted) expect(paths).not.toContain(word);
  });

  test('of an argument that is a folder offers no files', () => {
    const offered = complete('tenon list a').map((word) => word.replace(/\/$/, ''));
    expect(offered).toContain('afolder');
    expect(offered).not.toContain('afile.so');
  });
});
