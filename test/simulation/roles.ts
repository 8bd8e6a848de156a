// The role of a process: the wallets of its guard, and its use of them.
import type { World } from './world.js';

export interface Role {
  /** Keys of its wallets. */
  readonly wallets: readonly string[];
  /** `settle`: it has no credentials, so it settles and never decides. */
  readonly does: 'pay' | 'settle';
  readonly hasLookup: boolean;
  /** Listens to the events of its guard. Otherwise they must become process warnings. */
  readonly listens: boolean;
  /** It is misconfigured: the right key with another account, or another key with the right account. */
  readonly impostor?: 'account' | 'key' | undefined;
}

/** The capabilities that a caller needs of a process. */
export interface Needs {
  readonly wallet?: string | undefined;
  readonly does?: Role['does'] | undefined;
  readonly hasLookup?: true | undefined;
}

export function suits({ wallets, does, hasLookup, impostor }: Role, needs: Needs): boolean {
  if (impostor) return false;
  if (needs.wallet !== undefined && !wallets.includes(needs.wallet)) return false;
  if (needs.does !== undefined && does !== needs.does) return false;
  return needs.hasLookup === undefined || hasLookup;
}

export function drawRole({ random, settings }: World, needs: Needs = {}): Role {
  const keys = settings.wallets.map(({ key }) => key);
  const one = needs.wallet ?? random.pick(keys) ?? '';
  return {
    wallets: random.chance(0.5) ? keys : [one],
    does: needs.does ?? (random.chance(0.1) ? 'settle' : 'pay'),
    hasLookup: needs.hasLookup ?? random.chance(0.8),
    listens: random.chance(0.8),
  };
}

export function drawImpostor({ random, settings }: World): Role {
  const { key } = random.pick(settings.wallets) ?? { key: '' };
  return {
    wallets: [key],
    does: 'pay',
    hasLookup: true,
    listens: true,
    impostor: random.pick(['account', 'key']),
  };
}
