// `payout-guard completion`: scripts that complete commands and options in a shell.
import type { Run } from '../call.js';
import { catalog } from '../catalog.js';
import { exitCodes } from '../exit-codes.js';
import { oneOf } from '../values.js';

export const completion: Run = async ({ args: [shell = ''], context }) => {
  const name = oneOf('SHELL', shell, Object.keys(scripts));
  context.print(scripts[name]?.() ?? '');
  return exitCodes.done;
};

const flagsOf = (options: (typeof catalog)[number]['options']) => options.map(([flags]) => flags.split(' ')[0] ?? '');
/** Commands without arguments of their own and `phoenix register`, which reads its options by itself. */
const commands = [
  ...catalog.map(({ name, summary, options }) => ({ name, summary, flags: [...flagsOf(options), '--help'] })),
  { name: 'phoenix', summary: 'registers a terminal at Interswitch Uganda', flags: ['register'] },
];
const names = commands.map(({ name }) => name).join(' ');

const scripts: Readonly<Record<string, () => string>> = {
  bash: () =>
    [
      '# Add to ~/.bashrc: source <(payout-guard completion bash)',
      '_payout_guard() {',
      `  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""`,
      '  if [ "$COMP_CWORD" -eq 1 ]; then',
      `    words="${names} --help"`,
      '  elif [ "$before" = --guard ]; then',
      '    COMPREPLY=($(compgen -f -- "$word")); return',
      '  else',
      `    case "\${COMP_WORDS[1]}" in`,
      ...commands.map(({ name, flags }) => `      ${name}) words="${flags.join(' ')}" ;;`),
      '    esac',
      '  fi',
      '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
      '}',
      'complete -o default -F _payout_guard payout-guard',
    ].join('\n'),
  zsh: () =>
    [
      '#compdef payout-guard',
      '# Add to ~/.zshrc, after compinit: source <(payout-guard completion zsh)',
      '_payout_guard() {',
      '  if (( CURRENT == 2 )); then',
      '    local -a commands=(',
      ...commands.map(({ name, summary }) => `      ${quoted(`${name}:${summary.replaceAll(':', ',')}`)}`),
      '    )',
      "    _describe 'command' commands",
      '    return',
      '  fi',
      `  if [[ \${words[CURRENT-1]} == --guard ]]; then _files; return; fi`,
      `  case \${words[2]} in`,
      ...commands.map(({ name, flags }) => `    ${name}) compadd -- ${flags.join(' ')} ;;`),
      '  esac',
      '  _files',
      '}',
      'compdef _payout_guard payout-guard',
    ].join('\n'),
  fish: () =>
    [
      '# Save as ~/.config/fish/completions/payout-guard.fish',
      ...commands.map(
        ({ name, summary }) => `complete -c payout-guard -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ),
      ...catalog.flatMap(({ name, options }) =>
        options.map(([flags, description]) => {
          const [flag = '', value] = flags.split(' ');
          const kind = value === undefined ? '' : ' -r';
          const of = `-n "__fish_seen_subcommand_from ${name}"`;
          return `complete -c payout-guard ${of} -l ${flag.slice(2)}${kind} -d ${quoted(description)}`;
        }),
      ),
      'complete -c payout-guard -n "__fish_seen_subcommand_from phoenix" -f -a register',
    ].join('\n'),
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
