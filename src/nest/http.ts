// The request and response of both platforms.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ArgumentsHost } from '@nestjs/common';
import { nodeExchange } from '../web/node-response.js';
import type { Exchange } from '../web/payout-life.js';
import type { NestRequest } from './tokens.js';

/** The request and response of the platform. */
// biome-ignore lint/suspicious/noExplicitAny: their types depend on it.
export type Source = [req: any, res: any];

export function requestOf(host: ArgumentsHost): NestRequest {
  return host.switchToHttp().getRequest();
}

/** Fastify wraps the response of node:http, and Express extends it. */
export function responseOf(host: ArgumentsHost): ServerResponse {
  const response = host.switchToHttp().getResponse<ServerResponse | { raw: ServerResponse }>();
  return 'raw' in response ? response.raw : response;
}

export function exchangeOf(host: ArgumentsHost): Exchange<Source> {
  const state = requestOf(host);
  const req = ('raw' in state ? state.raw : state) as IncomingMessage;
  const source: Source = [state, host.switchToHttp().getResponse()];
  const exchange = nodeExchange(source, state, req, responseOf(host));
  return { ...exchange, route: () => `${req.method} ${req.url}` };
}
