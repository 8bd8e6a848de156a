// The answers of checks.

export type Level = 'ok' | 'warning' | 'problem';

export interface Finding {
  readonly level: Level;
  /** Name of the check. */
  readonly check: string;
  /** The finding, without balances and secrets. */
  readonly title: string;
  /** The remedy; absent when all is well. */
  readonly advice?: string;
}

/** Findings of one check. */
export function findings(check: string): {
  readonly ok: (title: string) => Finding;
  readonly warning: (title: string, advice: string) => Finding;
  readonly problem: (title: string, advice: string) => Finding;
} {
  return {
    ok: (title) => ({ level: 'ok', check, title }),
    warning: (title, advice) => ({ level: 'warning', check, title, advice }),
    problem: (title, advice) => ({ level: 'problem', check, title, advice }),
  };
}
