// The types of the world that the drift tests simulate.
export interface WorldSettings {
  readonly seed: number;
  /** The store may lose its memory. */
  readonly mayForget: boolean;
}

export type Stage = 'held' | 'accepted' | 'completed' | 'failed';

export interface Payout {
  readonly reference: string;
  readonly attempt: string;
  readonly amountMinor: bigint;
  /** The debit of the provider: mostly the held amount. */
  readonly costMinor: bigint;
  readonly debitAt: 'acceptance' | 'completion';
  /** It is of the process that watches. The other processes emit their own events. */
  readonly isOwn: boolean;
  stage: Stage;
  /** It was sent without a report to the guard, which is correct only if it is captured. */
  isUnmarked?: boolean;
}

/** Events that the process of the guard emits for what it does. Here the world acts in its place. */
export type OwnEvent = 'held' | 'captured' | 'paidAfterRelease';

export interface Balance {
  readonly sinceMs: number;
  readonly minor: bigint;
}

/** The store of a world answers at once. */
export function now<T>(value: T | Promise<T>): T {
  return value as T;
}

export function text(minor: bigint): string {
  const digits = minor.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
