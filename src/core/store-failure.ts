// The reason for a failure of the store, without the message of the database: that may hold secrets.

/**
 * Kinds of causes, few enough for the label of a metric:
 *
 * - `connection`: the database could not be reached, or the connection was cut
 * - `timeout`: no answer in time
 * - `lock`: another transaction or process kept a lock for too long
 * - `capacity`: memory, disk, connections or a queue are full
 * - `access`: the login, or a right
 * - `replica`: a server that must not be written to, or too few replicas
 * - `setup`: tables, version, client or settings
 * - `moving`: the server starts, stops or hands over
 * - `recovering`: the database lost data, and open holds are being restored
 * - `damaged`: the data, or the disk that it is on
 * - `other`
 */
export const storeFailureCauses = [
  'connection',
  'timeout',
  'lock',
  'capacity',
  'access',
  'replica',
  'setup',
  'moving',
  'recovering',
  'damaged',
  'other',
] as const;

export type StoreFailureCause = (typeof storeFailureCauses)[number];

export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  /** A short name of what failed: a code of the database or of Node.js, such as `NOAUTH`, or one of the store. */
  readonly failure: string;
  readonly kind: StoreFailureCause;
  /** The failure, as a sentence without its full stop. */
  readonly what: string;
  /** Advice for the operator, in sentences. */
  readonly advice: string;

  constructor(failure: string, kind: StoreFailureCause, what: string, advice: string) {
    super(`${failure}: ${what}. ${advice}`);
    this.failure = failure;
    this.kind = kind;
    this.what = what;
    this.advice = advice;
  }
}

/** By shape, because it may come from another copy of this package. */
export function isStoreFailure(error: unknown): error is StoreFailure {
  const { name, failure, kind, what, advice } = (error ?? {}) as Partial<StoreFailure>;
  const isKnown = storeFailureCauses.includes(kind as StoreFailureCause);
  return name === 'StoreFailure' && isKnown && [failure, what, advice].every((text) => typeof text === 'string');
}
