// The doctor, of stores in memory and in a file.
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { createPayoutGuard } from 'payout-guard';
import { memoryHistory } from 'payout-guard/history';
import { examine, finds, provider, type Report, sqlite } from './doctor-support.js';
import { file, folder, moduleOf, run } from './support.js';

describe('the doctor, of the store', () => {
  // A store in memory is that of the guard itself here, and warns as it closes.
  it.each<[string, Record<string, string>, string, string]>([
    ['in memory', {}, 'warning', 'memory: holds are lost when their process ends'],
    [
      'in the memory of several processes',
      { WEB_CONCURRENCY: '4' },
      'problem',
      'memory: several processes have a store of their own',
    ],
    [
      'in memory under PM2',
      { NODE_APP_INSTANCE: '1' },
      'problem',
      'memory: several processes have a store of their own',
    ],
  ])('finds one %s', async (_, env, level, title) => {
    const { memoryStore } = await import('payout-guard');
    const { found } = await examine({ guard: { store: memoryStore() }, context: { env } });
    expect(found).toMatchObject([{ level, check: 'memory', title: expect.stringContaining(title) }]);
  });

  it('finds a file that is no database', () =>
    finds([
      '',
      async () => {
        await file('store.db', 'something else, and longer than a header of SQLite would be: '.repeat(20));
        return {};
      },
      'problem',
      'store',
      'sqlite: this is no database, or the file is damaged',
    ]));

  // Changes the user of this process for a moment, because the rights of files do not bind root.
  it('finds a SQLite file that is read-only', async () => {
    expect((await examine({})).found).toEqual([]);
    await chmod(join(folder, 'store.db'), 0o444);
    const isRoot = process.getuid?.() === 0;
    const name = await moduleOf({
      default: () => {
        if (isRoot) process.seteuid?.(65_534);
        const guard = createPayoutGuard({ provider: provider(), currency: 'UGX', store: sqlite() });
        return { guard, history: memoryHistory() };
      },
    });
    await chmod(folder, 0o555);
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const { code, out, err } = await run(['doctor', '--guard', name, '--json']);
      expect([code, err]).toEqual([3, '']);
      expect((JSON.parse(out) as Report).findings.filter(({ level }) => level !== 'ok')).toMatchObject([
        {
          level: 'problem',
          check: 'store',
          title: expect.stringContaining('sqlite: the file cannot be read or written'),
        },
      ]);
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(folder, 0o755);
    }
  });
});
