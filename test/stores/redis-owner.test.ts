// The owner of a slot in a cluster, with a client whose nodes respond as the test decides.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ClusterTransport } from '../../src/stores/redis/transport/owner.js';
import type { Command, Transport } from '../../src/stores/redis/transport/transport.js';

type NodeName = 'old' | 'new';
const deadlineMs = 250;
/** Within it a timer of a millisecond ends, and the turn after it. */
const turnMs = 2;
const never = new Promise<never>(() => {});
const ask: Command = ['GET', 'a'];

/** A client with the old owner of the slot, which the others know as replaced or not. */
class ScriptedCluster {
  owner: NodeName | undefined = 'old';
  successor: NodeName = 'old';
  readonly sent: NodeName[] = [];
  asked = 0;
  followed = 0;
  /** Answers of the old owner. */
  old: () => Promise<unknown> = () => never;
  askOthers = async (): Promise<void> => {
    this.asked += 1;
    this.owner = this.successor;
  };

  readonly transport = new ClusterTransport<NodeName>(
    {
      emitter: {},
      owner: () => this.owner,
      transport: (node) => this.#transportTo(node),
      follow: async () => {
        this.followed += 1;
        this.owner = this.successor;
      },
      askOthers: () => this.askOthers(),
    },
    deadlineMs,
  );

  #transportTo(node: NodeName): Transport {
    return {
      isForCluster: false,
      hasErrorListener: () => true,
      isConnected: () => true,
      send: () => {
        this.sent.push(node);
        return node === 'old' ? this.old() : Promise.resolve('new');
      },
      sendInOrder: () => Promise.reject(new Error('the tests send one command')),
    };
  }
}

describe('the transport to a cluster, whose owner of the slot stands still,', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('asks another node after a deadline, and sends to the new owner what comes then', async () => {
    const cluster = new ScriptedCluster();
    const first = cluster.transport.send(ask).catch((error: unknown) => error);
    cluster.successor = 'new';
    await jest.advanceTimersByTimeAsync(deadlineMs - 1);
    expect(cluster.asked).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(cluster.asked).toBe(1);
    expect(await cluster.transport.send(ask)).toBe('new');
    expect(cluster.sent).toEqual(['old', 'new']);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await first).toMatchObject({ failure: 'NO_REPLY', kind: 'timeout' });
  });

  it('rejects what was sent after 2 s, and never sends it again', async () => {
    const cluster = new ScriptedCluster();
    const ends: unknown[] = [];
    cluster.transport.send(ask).catch((error: unknown) => ends.push(error));
    await jest.advanceTimersByTimeAsync(1_999);
    expect(ends).toEqual([]);
    await jest.advanceTimersByTimeAsync(turnMs);
    expect(ends).toMatchObject([{ failure: 'NO_REPLY', kind: 'timeout' }]);
    cluster.successor = 'new';
    await jest.advanceTimersByTimeAsync(10_000);
    expect(cluster.sent).toEqual(['old']);
  });

  it('sends to it all the same while it has no successor, and asks before each time', async () => {
    const cluster = new ScriptedCluster();
    const first = cluster.transport.send(ask);
    await jest.advanceTimersByTimeAsync(deadlineMs);
    cluster.old = async () => ['old'];
    expect(await cluster.transport.send(ask)).toEqual(['old']);
    expect(cluster.asked).toBe(2);
    // It has answered, so it is not asked about any more.
    expect(await cluster.transport.send(ask)).toEqual(['old']);
    expect(cluster.asked).toBe(2);
    first.catch(() => {});
    await jest.advanceTimersByTimeAsync(2_000);
  });

  it('waits for half a deadline for the answer of the others, who may stand still too', async () => {
    const cluster = new ScriptedCluster();
    cluster.askOthers = () => never;
    cluster.transport.send(ask).catch(() => {});
    await jest.advanceTimersByTimeAsync(2 * deadlineMs);
    cluster.old = async () => ['old'];
    const second = cluster.transport.send(ask);
    await jest.advanceTimersByTimeAsync(deadlineMs / 2 - 1);
    expect(cluster.sent).toEqual(['old']);
    await jest.advanceTimersByTimeAsync(turnMs);
    expect(await second).toEqual(['old']);
    await jest.advanceTimersByTimeAsync(2_000);
  });

  it('follows the redirection of an owner that responds, and asks no other node', async () => {
    const cluster = new ScriptedCluster();
    cluster.successor = 'new';
    cluster.old = () => Promise.reject(new Error('MOVED 0 127.0.0.1:1'));
    expect(await cluster.transport.send(ask)).toBe('new');
    expect([cluster.followed, cluster.asked]).toEqual([1, 0]);
  });
});
