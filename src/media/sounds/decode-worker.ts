/** Worker thread that decodes files. Decoding minutes of MP3 on the main thread would delay the audio of calls. */
import { decode } from './decode';
import { serve } from './serve';

export interface DecodeJob {
  file: Uint8Array;
}

serve(({ file }: DecodeJob) => decode(file));
