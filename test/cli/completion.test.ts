// The completion scripts in the real shells: what a person gets for the Tab key.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import '../support/proof-only.js';
import { folder, run } from './support.js';
import { hasTmux, Terminal } from './terminal-support.js';

/** Each shell without the settings of a user. */
const shells: Readonly<Record<string, { readonly program: readonly string[]; readonly before?: string }>> = {
  bash: { program: ['env', 'PS1=$ ', 'bash', '--norc', '--noprofile'] },
  zsh: { program: ['env', 'PS1=$ ', 'zsh', '-f'], before: 'autoload -U compinit && compinit -D' },
  fish: { program: ['env', 'fish', '--no-config'] },
};

describe.each(Object.keys(shells))('in %s', (shell) => {
  const has = hasTmux && spawnSync(shell, ['--version']).status === 0;
  if (!has) console.warn(`${shell} or tmux is not on the PATH: its completion is SKIPPED`);
  const test = has ? it : it.skip;
  const { program = [], before } = shells[shell] ?? {};

  async function opened(): Promise<Terminal> {
    await writeFile(join(folder, 'script'), (await run(['completion', shell])).out);
    const terminal = new Terminal(folder, program);
    if (before) terminal.type(before);
    terminal.type('source ./script && echo "re"ady');
    await terminal.shows(/^ready/m);
    return terminal;
  }

  test('the Tab key completes a command, its options, and files after --guard', async () => {
    using terminal = await opened();
    await writeFile(join(folder, 'my-guard.mjs'), '');
    for (const [typed, completed] of [
      ['payout-guard unfr', 'payout-guard unfreeze'],
      [' --rea', 'payout-guard unfreeze --reason'],
      [' x --gua', '--reason x --guard'],
      [' my-gu', '--guard my-guard.mjs'],
    ] as const) {
      terminal.write(typed);
      terminal.press('Tab');
      await terminal.shows(new RegExp(completed.replaceAll(' ', ' +')));
    }
  });

  test('an option of another command is not offered', async () => {
    using terminal = await opened();
    terminal.write('payout-guard report --older');
    terminal.press('Tab');
    terminal.write('X');
    expect(await terminal.shows(/report --older.*X/)).not.toContain('--older-than');
  });
});

describe('the script', () => {
  it.each(Object.keys(shells))('of %s has every command and its options', async (shell) => {
    const { code, out } = await run(['completion', shell]);
    expect(code).toBe(0);
    const flags = ['older-than', 'read-only'].map((name) => (shell === 'fish' ? `-l ${name}` : `--${name}`));
    for (const word of ['reconcile', 'unfreeze', 'phoenix', 'console', ...flags]) expect(out).toContain(word);
  });
});
