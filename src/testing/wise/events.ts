// The webhooks of the Wise simulator.
import { randomUUID, sign } from 'node:crypto';
import { stringify } from 'lossless-json';
import { type PostResult, postToLoopback } from '../simulator/loopback-post.js';
import type { TaskTimer } from '../simulator/task-timer.js';

export type WiseTransferStatus =
  | 'incoming_payment_waiting'
  | 'processing'
  | 'funds_converted'
  | 'outgoing_payment_sent'
  | 'bounced_back'
  | 'funds_refunded'
  | 'cancelled';

/** An event that was posted, or was to be. */
export interface WiseEvent extends PostResult {
  readonly transferId: string;
  readonly currentState: WiseTransferStatus;
}

export interface StateChange {
  readonly transferId: string;
  readonly targetAccount: string;
  readonly current: WiseTransferStatus;
  readonly previous: WiseTransferStatus;
}

export interface EventContext {
  readonly mode: 'once' | 'none' | 'twice' | 'unsigned' | 'forged';
  readonly url: string | undefined;
  readonly privateKey: string;
  readonly profileId: string;
  readonly now: () => number;
  readonly timer: TaskTimer;
}

export interface WiseEvents {
  readonly posted: readonly WiseEvent[];
  readonly post: (change: StateChange) => Promise<void>;
}

export function wiseEvents({ mode, url, privateKey, profileId, now, timer }: EventContext): WiseEvents {
  const posted: WiseEvent[] = [];

  async function post(change: StateChange): Promise<void> {
    if (url === undefined || mode === 'none') return;
    const body = stringify(eventOf(change)) ?? '';
    for (let times = mode === 'twice' ? 2 : 1; times > 0; times -= 1) {
      const end = await postToLoopback(url, body, timer.closing, headersOf(body));
      posted.push({ transferId: change.transferId, currentState: change.current, ...end });
    }
  }

  function eventOf({ transferId, targetAccount, current, previous }: StateChange) {
    const time = `${new Date(now()).toISOString().slice(0, 19)}Z`;
    const [id, profile_id, account_id] = [BigInt(transferId), BigInt(profileId), BigInt(targetAccount)];
    return {
      data: {
        resource: { id, profile_id, account_id, type: 'transfer' },
        current_state: current,
        previous_state: previous,
        occurred_at: time,
      },
      subscription_id: '00000000-0000-4000-8000-000000000001',
      event_type: 'transfers#state-change',
      schema_version: '2.0.0',
      sent_at: time,
    };
  }

  /** RSA with PKCS #1 v1.5 and SHA-256 over the body, and an id of the delivery. */
  function headersOf(body: string): Record<string, string> {
    const delivery = { 'x-delivery-id': randomUUID() };
    if (mode === 'unsigned') return delivery;
    const bytes = Buffer.from(mode === 'forged' ? `${body} ` : body);
    return { ...delivery, 'x-signature-sha256': sign('RSA-SHA256', bytes, privateKey).toString('base64') };
  }

  return { posted, post };
}
