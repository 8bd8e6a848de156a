// Waits until replicas have what a script wrote, and proves that they were asked about that very write: WAIT counts for
// the connection that it arrives on. On another one, or after a reconnect, it agrees at once.
import { StoreFailure } from '../../core/store-failure.js';
import type { Command, Transport } from './transport/transport.js';

export interface WaitReplicas {
  /**
   * Number of replicas that must have a write before it is answered; 1 to 10. Give the number of replicas that may
   * be promoted, usually all: a failover to one that was not waited for loses what was answered.
   */
  count: number;
  /** Longest time to wait for them, in milliseconds; 1 to 10,000. */
  timeoutMs: number;
}

/** Names a connection: no server process gives the id of a client twice. */
const identity: readonly Command[] = [
  ['CLIENT', 'ID'],
  ['INFO', 'server'],
];

/** @throws `StoreFailure` if it is not proven that so many replicas have it. It may have happened all the same. */
export async function runReplicated(
  transport: Transport,
  { count, timeoutMs }: WaitReplicas,
  command: Command,
): Promise<unknown> {
  const wait = ['WAIT', `${count}`, `${timeoutMs}`];
  const replies = await transport.sendInOrder([...identity, command, wait, ...identity]);
  const [idBefore, infoBefore, reply, replicas, idAfter, infoAfter] = replies;
  const before = runIdOf(infoBefore);
  if (before === undefined || before !== runIdOf(infoAfter) || String(idBefore) !== String(idAfter)) {
    throw new StoreFailure(
      'RECONNECTED',
      'connection',
      'the connection changed before replicas confirmed the write',
      'If this continues, the commands of a call do not share a connection: pass the client itself as `client`.',
    );
  }
  if (Number(replicas) >= count) return reply;
  throw new StoreFailure(
    'REPLICAS',
    'replica',
    `fewer than ${count} replicas confirmed the write in time`,
    'Bring the replicas back, or raise `waitReplicas.timeoutMs`.',
  );
}

export function runIdOf(info: unknown): string | undefined {
  return /^run_id:(\w+)/m.exec(String(info))?.[1];
}
