// Texts of others: clients, providers and operators. Shown letter for letter, and never able to pass for something
// else.

/** Controls, marks of direction and other characters without a shape, lone surrogates, and ends of lines. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** The text with characters that cannot be seen as `\u{202E}`: they could hide digits, or turn their order. */
export function visible(text: string): string {
  return text.replace(invisible, codeOf);
}

/** Isolated: its direction changes nothing around it. */
export function Text({ value }: { readonly value: string }) {
  const parts = value.split(new RegExp(`(${invisible.source})`, 'u'));
  return (
    <bdi>
      {parts.map((part, index) =>
        // Every second one is a separator, which is one character that cannot be seen.
        index % 2 === 0 ? (
          part
        ) : (
          <span class="escape" key={index}>
            {codeOf(part)}
          </span>
        ),
      )}
    </bdi>
  );
}

function codeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}}`;
}
