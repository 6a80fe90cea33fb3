import { cleanSentence, partsOf, toAscii } from '../../../src/media/speech/sentence';

it.each([
  ['Donau\u00addampf\u00adschiff', 'Donaudampfschiff'], // soft hyphens
  ['me\ufeffre\u2060ly \u200dwords\u200c', 'merely words'],
  ['one\u200btwo\u2028three\n\t four\0five', 'one two three four five'],
  ['e\u0301t\u00e9', '\u00e9t\u00e9'],
  [' \ud800 ', '\ufffd'],
])('%j is cleaned to %j', (text, clean) => {
  expect(cleanSentence(text)).toBe(clean);
});

it.each([
  ['Thank you 😀 for calling 👍🏽', 'Thank you   for calling'],
  ['Straße, ñandú, Łódź, 5 €', 'Strasse, nandu, lodz, 5  euros'],
  ['你好', ''],
])('converts %j to %j for English voices', (text, ascii) => {
  expect(toAscii(cleanSentence(text))).toBe(ascii);
});

const clause = 'the quick brown fox jumps over the lazy dog';

it.each([
  ['a short text', 'Hello. Good bye.', ['Hello. Good bye.']],
  ['nothing', '', ['']],
  ['sentences', `${`${clause}. `.repeat(6)}End.`, [`${clause}. `.repeat(4).trim(), `${clause}. `.repeat(2) + 'End.']],
  ['a sentence of clauses', `${clause}, `.repeat(5) + 'end', [`${clause}, `.repeat(4).trim(), `${clause}, end`]],
  ['words', 'word '.repeat(50).trim(), ['word '.repeat(40).trim(), 'word '.repeat(10).trim()]],
  ['digits', '1'.repeat(450), ['1'.repeat(200), '1'.repeat(200), '1'.repeat(50)]],
  [
    'a first sentence that is short',
    `Hi. ${'word '.repeat(50).trim()}`,
    [`Hi. ${'word '.repeat(39).trim()}`, 'word '.repeat(11).trim()],
  ],
  ['surrogate pairs', `a${'😀'.repeat(120)}`, [`a${'😀'.repeat(99)}`, '😀'.repeat(21)]],
])('splits %s into parts', (_name, sentence, parts) => {
  expect(partsOf(sentence)).toEqual(parts);
});
