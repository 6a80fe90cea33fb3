/** Worker thread for speech. A sentence takes up to a second. */
import { serve } from '../sounds/serve';
import { loadFlite, type Flite } from './flite';
import type { LanguageFiles } from './languages';
import { loadPico, type Pico } from './pico';
import type { FliteVoice } from './voices';

export type Speaker =
  { engine: 'flite'; voice: FliteVoice } | { engine: 'pico'; language: LanguageFiles; pitch: number };

export interface SpeechJob {
  sentence: string;
  speaker: Speaker;
}

let flite: Promise<Flite> | undefined;
let pico: Promise<Pico> | undefined;

serve(async ({ sentence, speaker }: SpeechJob) => {
  if (speaker.engine === 'flite') return (await (flite ??= loadFlite())).say(sentence, speaker.voice);
  return (await (pico ??= loadPico())).say(sentence, speaker.language, speaker.pitch);
});
