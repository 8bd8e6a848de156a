// Notes: small facts that processes share.
import type { Question } from './question.js';

export function noteQuestion(key: string): Question {
  return { call: 'note($1)', values: [key] };
}

/** The reply is `true` if the note was as expected. */
export function swapQuestion(key: string, expected: string | undefined, value: string | undefined): Question {
  return { call: 'swap_note($1, $2, $3)', values: [key, expected ?? null, value ?? null] };
}
