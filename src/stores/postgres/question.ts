// The form of all requests of the store: one statement, with texts alone, and one text as the reply. So it is the same
// whatever a client does with types: parsers for integers and numbers, its own way with arrays, none at all.

/** A function of the schema, called with texts. */
export interface Question {
  /** As in SQL, with `$1` and so on. */
  readonly call: string;
  readonly values: readonly (string | null)[];
}

/** The statement that asks it in the transaction that the client has, or begins for it. */
export function selectOf({ call }: Question, schema: string): string {
  return `SELECT ${schema}.${call.replace(/\$\d+/g, '$&::text')}::text AS reply`;
}

/** The statement that asks it in a READ COMMITTED transaction of its own, whatever the default is. */
export function callOf(question: Question, schema: string): string {
  const values = question.values.map((_, index) => `, $${index + 1}::text`);
  return `CALL ${schema}.ask('${selectOf(question, schema).replaceAll("'", "''")}', NULL${values.join('')})`;
}

/** An array as PostgreSQL reads it from a text. */
export function arrayText(elements: readonly (string | null)[]): string {
  return `{${elements.map((element) => (element === null ? 'NULL' : quoted(element))).join(',')}}`;
}

function quoted(text: string): string {
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
