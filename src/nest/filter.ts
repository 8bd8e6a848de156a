// Errors of the guard as answers. Nest would answer 500, as for all errors that are no `HttpException`.
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { isPayoutGuardError } from '../core/errors.js';
import { type AnswerError, errorAnswers } from '../web/error-answer.js';
import type { ProblemOptions } from '../web/problem.js';
import { requestOf, responseOf } from './http.js';

/** Answers the errors of the guard; all others are left to Nest and to your filters. */
export class PayoutGuardFilter implements ExceptionFilter {
  readonly #host: HttpAdapterHost;
  readonly #answerTo: AnswerError;

  constructor(host: HttpAdapterHost, options: ProblemOptions = {}) {
    this.#host = host;
    this.#answerTo = errorAnswers(options);
  }

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const raw = responseOf(host);
    const { httpAdapter } = this.#host;
    try {
      const answer = await this.#answerTo(error, requestOf(host), () => raw.headersSent);
      // Half an answer cannot be turned into another one.
      if (!answer) return raw.writableEnded ? undefined : void raw.destroy();
      const response = host.switchToHttp().getResponse();
      for (const [name, value] of Object.entries(answer.headers)) httpAdapter.setHeader(response, name, value);
      httpAdapter.reply(response, JSON.stringify(answer.body), answer.status);
    } catch {
      // Nest does not wait for filters.
      raw.destroy();
    }
  }
}

/** The class that Nest compares errors with: every error of the guard, of whichever copy of this package. */
// biome-ignore lint/complexity/noStaticOnlyClass: Nest compares with instanceof.
class AnyGuardError {
  static [Symbol.hasInstance](error: unknown): boolean {
    return isPayoutGuardError(error);
  }
}

Catch(AnyGuardError)(PayoutGuardFilter);
