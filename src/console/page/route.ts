// The page and its filters, in the query string: addresses work below any path, and can be sent to a colleague.
import { useEffect, useState } from 'preact/hooks';
import { type Params, queryOf } from './api.js';
import type { Session } from './types.js';

export type Route = Readonly<Record<string, string>>;

/** The properties of every page. */
export interface PageProps {
  readonly session: Session;
  readonly route: Route;
}

const changed = 'payout-guard:route';

export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute);
  useEffect(() => {
    const update = () => setRoute(currentRoute());
    addEventListener('popstate', update);
    addEventListener(changed, update);
    return () => {
      removeEventListener('popstate', update);
      removeEventListener(changed, update);
    };
  }, []);
  return route;
}

export function currentRoute(): Route {
  return Object.fromEntries(new URLSearchParams(location.search));
}

export function hrefOf(params: Params): string {
  return queryOf(params) || '?';
}

export function go(params: Params): void {
  history.pushState(null, '', hrefOf(params));
  dispatchEvent(new Event(changed));
}
