/** Dependencies of the routes. */
import type { Logger } from '../../support/logger';
import type { CallbackRules } from '../calls/callback-client';
import type { Intake } from '../drain';
import type { Calls } from '../calls/calls';
import type { FarEnds } from '../lines/far-ends';
import type { SimulationTiming } from '../lines/behaviour';
import type { Receive } from '../lines/line';
import type { SimulatedSound } from '../lines/simulated-party';
import type { CreatePlayer } from '../../media/player';
import type { Phones } from '../lines/phones';
import type { MediaStore } from '../recordings/media-store';
import type { Recordings } from '../recordings/recordings';
import type { Applications } from '../resources/applications';
import type { Domains } from '../resources/domains';
import type { ErrorLog } from '../resources/error-log';
import type { Numbers } from '../resources/numbers';
import type { Registrar } from '../../sip/registrar';
import type { Timers } from '../../support/timers';
import type { Uris } from '../uris';
import type { InternalErrors } from '../../support/internal-errors';
import type { CallRateLimit } from './rate-limit';

export interface ApiContext {
  userId: string;
  applications: Applications;
  numbers: Numbers;
  domains: Domains;
  errors: ErrorLog;
  calls: Calls;
  intake: Intake;
  callbackRules: CallbackRules;
  callRate: CallRateLimit;
  recordings: Recordings;
  media: MediaStore;
  phones: Phones;
  farEnds: FarEnds;
  receive: Receive;
  /** undefined: no telephony */
  registrar?: Registrar | undefined;
  timers: Timers;
  timing: SimulationTiming;
  createPlayer: CreatePlayer;
  internalErrors: InternalErrors;
  /** Sound of simulated far ends; undefined: the platform has no sound */
  sound?: SimulatedSound | undefined;
  uris: Uris;
  log: Logger;
}
