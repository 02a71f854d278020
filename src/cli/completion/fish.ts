/** The script for fish, from version 3 on. */
import type { OptionWords, Suggestions, Words } from './words.js';

const FUNCTIONS = `# Completion of tenon for fish. Use it by: tenon completion fish | source

# Prints the command and its arguments; fails if there is none yet.
function __tenon_words
    set -l words (commandline -opc)
    set -l color 0
    set -l found 1
    for word in $words[2..-1]
        if test $color = 1
            set color 0
        else if test $word = --color
            set color 1
        else if not string match -q -- '-*' $word
            echo $word
            set found 0
        end
    end
    return $found
end

function __tenon_command
    __tenon_words >/dev/null
end

function __tenon_is
    set -l words (__tenon_words)
    test "$words[1]" = $argv[1]
end

# Words apply to the first argument only.
function __tenon_first_of
    set -l words (__tenon_words)
    test "$words[1]" = $argv[1]; and test (count $words) = 1
end

`;

export function fishScript({ commands, options }: Words): string {
  const lines = [
    'complete -c tenon -f',
    ...commands.map(
      ({ name, summary }) => `complete -c tenon -n 'not __tenon_command' -a ${name} -d ${quoted(summary)}`,
    ),
    ...options.map((option) => optionLine("'not __tenon_command'", option)),
    ...commands.flatMap((command) => [
      ...command.options.map((option) => optionLine(`'__tenon_is ${command.name}'`, option)),
      ...operandLine(command.name, command.operands),
    ]),
  ];
  return `${FUNCTIONS}${lines.join('\n')}\n`;
}

function optionLine(condition: string, { name, about, value }: OptionWords): string {
  const takes = value === null ? '' : ` ${valueWords(value.suggestions)}`;
  return `complete -c tenon -n ${condition} -l ${name}${takes} -d ${quoted(about)}`;
}

function valueWords(suggestions: Suggestions): string {
  if (suggestions === 'files') return '-r -F';
  if (suggestions === 'folders') return "-x -a '(__fish_complete_directories)'";
  return suggestions === 'none' ? '-x' : `-x -a ${quoted(suggestions.join(' '))}`;
}

function operandLine(command: string, operands: Suggestions): string[] {
  if (operands === 'none') return [];
  if (operands === 'files') return [`complete -c tenon -n '__tenon_is ${command}' -F`];
  if (operands === 'folders')
    return [`complete -c tenon -n '__tenon_is ${command}' -a '(__fish_complete_directories)'`];
  return [`complete -c tenon -n '__tenon_first_of ${command}' -a ${quoted(operands.join(' '))}`];
}

/** Returns the string in single quotes for fish. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
