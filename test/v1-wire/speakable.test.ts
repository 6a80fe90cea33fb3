import { sentenceFault } from '../../src/v1-wire/speakable';

it.each([
  'Hello sip client',
  'Grüße, ¿qué tal? Ça va: 42 €, 3 µm, ½ l',
  'déjà vu'.normalize('NFD'),
  'I ♥ it 🙂',
  '42',
  '€',
])('%j can be spoken', (sentence) => expect(sentenceFault(sentence)).toBeUndefined());

it.each([
  ['你好', '你'],
  ['Hello 世界', '世'],
  ['Привет', 'П'],
  ['مرحبا', 'م'],
  ['नमस्ते १', 'न'],
  ['Ωmega', 'Ω'],
])('%j cannot, as no voice knows its script', (sentence, letter) =>
  expect(sentenceFault(sentence)).toContain(`"${letter}"`),
);

it.each(['...', '?!', ' '])('%j has nothing to speak', (sentence) =>
  expect(sentenceFault(sentence)).toContain('nothing to speak'),
);
