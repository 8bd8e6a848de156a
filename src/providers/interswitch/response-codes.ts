// Response codes of Interswitch Uganda (Phoenix), and what each means for a balance.
// Source: constants of the vendor's sample client and of independent clients; see docs/providers.md.

/** What a code means when a balance was asked for. */
export type BalanceMeaning =
  /** A balance follows. */
  | 'ok'
  /** The systems behind are busy: the same question may be answered a moment later. */
  | 'retry'
  /** The service's session or password is not accepted. */
  | 'unauthorized'
  /** Somebody has to set something up at Interswitch first. */
  | 'operator'
  /** No balance, and asking again will not help. */
  | 'no';

const meanings: Readonly<Record<string, BalanceMeaning>> = {
  '90000': 'ok',
  '9000': 'ok',
  '90006': 'retry',
  '90009': 'retry',
  '90091': 'retry',
  '90092': 'retry',
  '90096': 'retry',
  '90054': 'unauthorized',
  '90055': 'unauthorized',
  '90063': 'unauthorized',
  '700A5': 'unauthorized',
  '700A6': 'unauthorized',
  '70026': 'operator',
  '70027': 'operator',
  '70028': 'operator',
  '70029': 'operator',
  '70030': 'operator',
  '70031': 'operator',
  '70037': 'operator',
};

/** Codes that are not listed are no balance. */
export function balanceMeaning(code: string): BalanceMeaning {
  return Object.hasOwn(meanings, code) ? (meanings[code] ?? 'no') : 'no';
}
