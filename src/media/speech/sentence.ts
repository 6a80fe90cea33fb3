/** Prepares sentences for the synthesizers. */

/** Replacements for characters that do not decompose into a letter and an accent. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['đ', 'd'],
  ['ł', 'l'],
  ['ð', 'd'],
  ['þ', 'th'],
  ['’', "'"],
  ['‘', "'"],
  ['“', '"'],
  ['”', '"'],
  ['–', ','],
  ['—', ','],
  ['…', '.'],
  ['€', ' euros '],
  ['£', ' pounds '],
]);

/** Removes control and format characters and normalises spaces. */
export function cleanSentence(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/\u00ad|\u200c|\u200d|\u2060|\ufeff/g, '') // invisible characters within words: soft hyphens, joiners
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
}

/** Maximum length of a part: about ten seconds of speech; characters. */
const PART_LENGTH = 200;
/** Possible ends of a part, best first: after a sentence, a clause, a word. */
const ENDS = [/[.!?]["')]* /g, /[,;:] /g, / /g];

/**
 * Splits a long text into parts, so that other jobs need not wait for all of it. Parts end after a sentence if
 * possible, because there is a pause anyway.
 */
export function partsOf(sentence: string): string[] {
  const parts: string[] = [];
  let rest = sentence;
  while (rest.length > PART_LENGTH) {
    const end = endOfPart(rest.slice(0, PART_LENGTH));
    parts.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end);
  }
  return [...parts, rest];
}

/** Finds the best end that does not make the part too short. */
function endOfPart(text: string): number {
  for (const end of ENDS) {
    const last = [...text.matchAll(end)].at(-1);
    if (last && last.index > PART_LENGTH / 4) return last.index + last[0].length;
  }
  // Do not split a surrogate pair.
  return /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
}

/** Converts text to ASCII for English voices, which support nothing else: `ñandú` becomes `nandu`. */
export function toAscii(sentence: string): string {
  return sentence
    .replace(/[^\0-\x7f]/gu, (letter) => {
      const plain = LETTERS.get(letter.toLowerCase());
      return plain ?? letter;
    })
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\0-\x7f]+/g, ' ')
    .trim();
}

/** Whether a text has any speakable character. */
export function isSayable(ascii: string): boolean {
  return /[A-Za-z0-9$%&@#+=]/.test(ascii);
}
