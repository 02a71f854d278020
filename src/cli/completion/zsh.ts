/** The script for zsh. */
import {
  type CommandWords,
  type OptionWords,
  quotedForShell,
  type Suggestions,
  type Words,
} from './words.js';

export function zshScript({ commands, options }: Words): string {
  return `#compdef tenon
# Completion of tenon for zsh. Use it by: source <(tenon completion zsh)

_tenon() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quotedForShell(`${name}:${summary.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  _arguments -C \\
${options.map((option) => `    ${optionSpec(option)} \\`).join('\n')}
    '1: :->command' \\
    '*:: :->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _tenon ]]; then
  _tenon "$@"
else
  compdef _tenon tenon
fi
`;
}

function commandCase({ name, options, operands }: CommandWords): string {
  const specs = [...options.map(optionSpec), ...operandSpec(operands)];
  return `        ${name})\n          _arguments \\\n            ${specs.join(' \\\n            ')}\n          ;;`;
}

/** Returns the specification of an option, for example `'*--filter=[only checks]:GLOB:(a b)'`. */
function optionSpec({ name, about, repeat, value }: OptionWords): string {
  const text = about.replaceAll(/[\][:\\]/g, '\\$&');
  const head = `${repeat ? '*' : ''}--${name}`;
  if (value === null) return quotedForShell(`${head}[${text}]`);
  return quotedForShell(`${head}=[${text}]:${value.name}:${actionOf(value.suggestions)}`);
}

/** Returns the specification of the arguments. Words apply to the first argument only, paths to all. */
function operandSpec(operands: Suggestions): string[] {
  if (operands === 'none') return [];
  return [quotedForShell(`${typeof operands === 'string' ? '*' : '1'}:argument:${actionOf(operands)}`)];
}

function actionOf(suggestions: Suggestions): string {
  if (suggestions === 'files') return '_files';
  if (suggestions === 'folders') return '_files -/';
  return suggestions === 'none' ? ' ' : `(${suggestions.join(' ')})`;
}
