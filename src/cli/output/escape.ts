// Texts of others, such as metadata, may hold characters that change a terminal or the order in which text is read.

/** Control and format characters, those of direction among them, and separators of lines and paragraphs. */
const unsafe = /[\p{C}\p{Zl}\p{Zp}]/gu;
const unsafeInLines = /\r?\n|[\p{C}\p{Zl}\p{Zp}]/gu;

/** One line: each unsafe character as `\uXXXX`. */
export function escaped(text: string): string {
  return text.replace(unsafe, unitsOf);
}

/** Whole lines: their breaks stay. JSON stays JSON of the same value, because its texts know this escape. */
export function escapedLines(text: string): string {
  return text.replace(unsafeInLines, (character) => (character.endsWith('\n') ? character : unitsOf(character)));
}

/** In units of UTF-16, as JSON has them. */
function unitsOf(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
