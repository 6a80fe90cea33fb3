/** The thread that decodes files: minutes of MP3 take longer than the relay of calls can wait. */
import { decode } from './decode';
import { serve } from './serve';

export interface DecodeJob {
  file: Uint8Array;
}

serve(({ file }: DecodeJob) => decode(file));
