import { cleanSentence, toAscii } from '../../../../src/platform/media/speech/sentence';

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
])('an English voice is given of %j: %j', (text, ascii) => {
  expect(toAscii(cleanSentence(text))).toBe(ascii);
});
