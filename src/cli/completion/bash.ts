/** The script for bash, from version 3.2 on. */
import {
  type CommandWords,
  type OptionWords,
  quotedForShell,
  type Suggestions,
  type Words,
} from './words.js';

/** The functions that are the same for all commands. */
const FUNCTIONS = `# Completes the word $2 with $1: words, or :files, :folders, :none.
_tenon_suggest() {
  local line
  case "$1" in
    :none) ;;
    :files | :folders)
      compopt -o filenames 2>/dev/null
      local action=-f
      [ "$1" = :folders ] && action=-d
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$action" -- "$2")
      ;;
    *)
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "$1" -- "$2")
      ;;
  esac
}

_tenon() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" option="\${COMP_WORDS[COMP_CWORD-1]}"
  local command= operands=0 files= i word value
  COMPREPLY=()
  # bash splits --name=value into three words.
  if [ "$cur" = = ]; then
    cur=
  elif [ "$option" = = ]; then
    option="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [ "$word" = -- ] && [ -n "$command" ]; then
      files=1
    elif [ -z "$files" ] && [[ "$word" == -* ]]; then
      # Skips the value of the option.
      _tenon_value "$command" "$word" >/dev/null && { [ "\${COMP_WORDS[i+1]}" = = ] && i=$((i + 1)); i=$((i + 1)); }
    elif [ "$word" = = ]; then
      :
    elif [ -z "$command" ]; then
      command="$word"
    else
      operands=$((operands + 1))
    fi
  done
  if [ -z "$files" ] && value="$(_tenon_value "$command" "$option")"; then
    _tenon_suggest "$value" "$cur"
  elif [ -z "$files" ] && [[ "$cur" == -* ]]; then
    _tenon_suggest "$(_tenon_options "$command")" "$cur"
  else
    value="$(_tenon_operands "$command")"
    # Words apply to the first argument only.
    [[ "$value" == :* || "$operands" = 0 ]] && _tenon_suggest "$value" "$cur"
  fi
}

complete -F _tenon tenon
`;

export function bashScript({ commands, options }: Words): string {
  const names = commands.map(({ name }) => name);
  return `# Completion of tenon for bash. Use it by: source <(tenon completion bash)

# Prints the options of the command $1.
_tenon_options() {
  case "$1" in
${commands.map((command) => `    ${command.name}) echo ${quotedForShell(dashed(command.options))} ;;`).join('\n')}
    *) echo ${quotedForShell(dashed(options))} ;;
  esac
}

# Prints the values of the option $2 of the command $1: words, or :files, :folders, :none. Fails for a flag.
_tenon_value() {
  case "$1 $2" in
${[...commands.flatMap(valueCases), ...options.flatMap((option) => valueCase('', option))].join('\n')}
    *) return 1 ;;
  esac
}

# Prints the arguments of the command $1 in the same form.
_tenon_operands() {
  case "$1" in
${commands.map(({ name, operands }) => `    ${name}) echo ${suggested(operands)} ;;`).join('\n')}
    *) echo ${quotedForShell(names.join(' '))} ;;
  esac
}

${FUNCTIONS}`;
}

const dashed = (options: readonly OptionWords[]) => options.map(({ name }) => `--${name}`).join(' ');

function valueCases({ name, options }: CommandWords): string[] {
  return options.flatMap((option) => valueCase(name, option));
}

function valueCase(command: string, { name, value }: OptionWords): string[] {
  if (value === null) return [];
  return [`    ${quotedForShell(`${command} --${name}`)}) echo ${suggested(value.suggestions)} ;;`];
}

function suggested(suggestions: Suggestions): string {
  return quotedForShell(typeof suggestions === 'string' ? `:${suggestions}` : suggestions.join(' '));
}
