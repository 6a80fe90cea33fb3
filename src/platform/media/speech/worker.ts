/** The thread that speaks: a sentence takes up to a second. */
import { serve } from '../sounds/serve';
import { loadFlite, type Flite } from './flite';
import type { FliteVoice } from './voices';

export interface SpeechJob {
  sentence: string;
  flite: FliteVoice;
}

let flite: Promise<Flite> | undefined;

serve(async ({ sentence, flite: voice }: SpeechJob) => {
  flite ??= loadFlite();
  return (await flite).say(sentence, voice);
});
