// Data of the server, as long as the page that shows it is open.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, type Params } from './api.js';

export interface Data<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
  readonly reload: () => void;
}

/** Reads again when the address changes, on `reload`, and every `everyMs` if it is given. */
export function useData<T>(path: string, params: Params = {}, everyMs?: number): Data<T> {
  const [state, setState] = useState<{ key: string; value?: T; problem?: string }>({ key: '' });
  const key = JSON.stringify([path, params]);
  const current = useRef(key);
  current.current = key;
  const reload = useCallback(() => {
    const keep = (next: { value?: T; problem?: string }) => {
      // An answer that arrives after the address has changed belongs to another page.
      if (current.current === key) setState((before) => ({ key, ...(before.key === key ? before : {}), ...next }));
    };
    get<T>(path, params).then(
      (value) => keep({ value, problem: '' }),
      (error: unknown) => keep({ problem: messageOf(error) }),
    );
  }, [key]);
  useEffect(() => {
    reload();
    if (everyMs === undefined) return undefined;
    const timer = setInterval(reload, everyMs);
    return () => clearInterval(timer);
  }, [reload, everyMs]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : undefined,
    problem: isCurrent ? state.problem || undefined : undefined,
    reload,
  };
}

export function messageOf(error: unknown): string {
  return error instanceof ApiError ? error.message : 'The page has an error. Reload it.';
}
