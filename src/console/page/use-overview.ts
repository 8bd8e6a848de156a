// The overview, live: by server-sent events, and by asking where a stream is refused.
import { useEffect, useState } from 'preact/hooks';
import { get } from './api.js';
import type { Overview } from './types.js';
import { messageOf } from './use-data.js';

export interface LiveOverview {
  readonly value: Overview | undefined;
  readonly isLive: boolean;
  readonly problem: string | undefined;
}

/** A stream that carries nothing for this long is dead, though the connection may not show it, in milliseconds. */
const silentMs = 20_000;
/** Without a stream: the next attempt, in milliseconds. */
const againMs = 5_000;

export function useOverview(): LiveOverview {
  const [state, setState] = useState<LiveOverview>({ value: undefined, isLive: false, problem: undefined });
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const retry = () => {
      source?.close();
      clearTimeout(timer);
      get<Overview>('overview').then(
        (value) => !isOver && setState({ value, isLive: false, problem: undefined }),
        (error: unknown) => !isOver && setState(({ value }) => ({ value, isLive: false, problem: messageOf(error) })),
      );
      timer = setTimeout(connect, againMs);
    };
    const connect = () => {
      source = new EventSource('api/stream');
      clearTimeout(timer);
      timer = setTimeout(retry, silentMs);
      source.onmessage = ({ data }) => {
        clearTimeout(timer);
        timer = setTimeout(retry, silentMs);
        setState({ value: JSON.parse(data as string) as Overview, isLive: true, problem: undefined });
      };
      source.onerror = () => {
        setState(({ value, problem }) => ({ value, isLive: false, problem }));
        // The browser connects again by itself, unless the stream was refused.
        if (source?.readyState === EventSource.CLOSED) retry();
      };
    };
    connect();
    return () => {
      isOver = true;
      source?.close();
      clearTimeout(timer);
    };
  }, []);
  return state;
}
