// The diagrams of the documents against the code: no edge is missing, and none is invented.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { HoldRecord } from '../../src/core/hold.js';
import { decideSettle } from '../../src/core/hold-decisions.js';
import { expired } from '../../src/core/hold-moves.js';
import type { SettleRequest } from '../../src/core/store.js';

const nowMs = 1_000;
const reserved: HoldRecord = {
  reference: 'p1',
  wallet: 'w1',
  state: 'reserved',
  attempt: 'a1',
  amountMinor: 100n,
  currency: { code: 'KES', exponent: 2 },
  createdAtMs: 0,
  expiresAtMs: 60_000,
  metadata: {},
};
const request = { reference: reserved.reference, attempt: reserved.attempt };

/** The moves of the diagram, as requests to a store. */
const moves: Readonly<Record<string, readonly SettleRequest[]>> = {
  extend: [{ ...request, to: 'reserved', expiresInMs: 1 }],
  'pay begins': [{ ...request, to: 'sent', sendsForMs: 1 }],
  'pay ended': [{ ...request, to: 'returned' }],
  capture: [
    { ...request, to: 'captured', visibleInMs: 0 },
    { ...request, to: 'captured', visibleInMs: 0, awaitsOutcome: true },
  ],
  release: [{ ...request, to: 'released' }],
  'not sent': [{ ...request, to: 'released', notSent: true }],
  failed: [{ ...request, to: 'failed' }],
};

/** The lines of the first diagram of a document. */
function diagramOf(file: string): string[] {
  const [, diagram = ''] = /```mermaid\n(.*?)```/s.exec(readFileSync(file, 'utf8')) ?? [];
  return diagram.split('\n').map((line) => line.trim());
}

/** The name of a hold's state in the diagram. */
function nodeOf({ state, failed }: HoldRecord): string {
  return state === 'released' && failed ? 'used_up' : state;
}

/** Every edge that leaves the state of a hold, as `from --> to: move`, with the hold that it leads to. */
function edgesFrom(hold: HoldRecord): { readonly edge: string; readonly next: HoldRecord }[] {
  const totals = () => ({ epoch: 'e1', active: hold.amountMinor, captured: 0n });
  const edges = Object.entries(moves).flatMap(([name, requests]) =>
    requests.flatMap((move) => {
      const answer = decideSettle(move, hold, totals, nowMs);
      if (!('hold' in answer)) throw new Error(`unexpected outcome ${answer.outcome}`);
      const isMove = answer.outcome === 'done' || answer.outcome === 'late' || nodeOf(answer.hold) !== nodeOf(hold);
      return isMove ? [{ name, next: answer.hold }] : [];
    }),
  );
  if (hold.state === 'reserved') edges.push({ name: 'time is over', next: expired(hold, nowMs) });
  return edges.map(({ name, next }) => ({ edge: `${nodeOf(hold)} --> ${nodeOf(next)}: ${name}`, next }));
}

/** Every edge that a reserved hold can reach. */
function allEdges(): string[] {
  const edges = new Set<string>();
  const found = [reserved];
  const seen = new Set<string>();
  for (let hold = found.pop(); hold; hold = found.pop()) {
    const kind = [hold.state, hold.failed, hold.awaitsOutcome].join();
    if (seen.has(kind)) continue;
    seen.add(kind);
    for (const { edge, next } of edgesFrom(hold)) {
      edges.add(edge);
      found.push(next);
    }
  }
  return [...edges].sort();
}

/** The room of a file of `src`: its folder, or the file itself. */
function roomOf(file: string): string {
  return file.split('/')[0] as string;
}

describe('the diagram of a hold in docs/paying.md', () => {
  it('has every move that a store makes, and no other', () => {
    const drawn = diagramOf('docs/paying.md')
      .filter((line) => /^\w+ -->/.test(line))
      .flatMap((line) => {
        const [edge = '', names = ''] = line.split(': ');
        return names.split(' / ').map((name) => `${edge}: ${name}`);
      });
    expect(drawn.sort()).toEqual(allEdges());
  });
});

describe('the diagram of ARCHITECTURE.md', () => {
  const lines = diagramOf('ARCHITECTURE.md');

  it('has the floors of .dependency-cruiser.mjs, highest first', async () => {
    const config = '../../.dependency-cruiser.mjs';
    const { floors } = (await import(config)) as { floors: string[][] };
    const drawn = lines.join('\n').match(/(?<=subgraph floor_\d+ \[" "\]\n).*?(?=\nend)/gs) ?? [];
    expect(drawn.map((rooms) => rooms.split('\n'))).toEqual(floors.toReversed());
  });

  it('has every import between rooms, and no other', () => {
    const imports = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        [...readFileSync(join('src', file), 'utf8').matchAll(/\bfrom '(\.[^']+)'/g)].map(
          ([, target = '']) => `${roomOf(file)} --> ${roomOf(join(dirname(file), target))}`,
        ),
      )
      .filter((edge) => !/^(\S+) --> \1$/.test(edge));
    const drawn = lines.flatMap((line) => {
      const [, from, to] = /^(\S+) --> (.+)$/.exec(line) ?? [];
      return to?.split(' & ').map((room) => `${from} --> ${room}`) ?? [];
    });
    expect(drawn.sort()).toEqual([...new Set(imports)].sort());
  });
});
