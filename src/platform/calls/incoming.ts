/** Incoming calls: finds the application, sends it `incomingcall`, and handles a failed delivery. */
import type { Logger } from '../../support/logger';
import type { HangupCause } from '../../v1-wire/events';
import type { AcceptedOffer, Line, Offer, Receive } from '../lines/line';
import type { Application, Applications } from '../resources/applications';
import type { Domains } from '../resources/domains';
import type { Intake } from '../drain';
import type { ErrorLog } from '../resources/error-log';
import type { Numbers } from '../resources/numbers';
import type { Call } from './call';
import type { Calls } from './calls';
import { divert } from './join-legs';

export interface IncomingDeps {
  applications: Applications;
  numbers: Numbers;
  domains: Domains;
  errors: ErrorLog;
  calls: Calls;
  intake: Intake;
  /** How long a call may ring if the application neither answers nor rejects it, s. */
  ringLimitSeconds: number;
  log: Logger;
}

/** The application of a call, or the reason why there is none. */
type Owner =
  | { application: Application; incomingCallUrl: string; fallbackNumber?: string | undefined }
  | { refused: HangupCause; code: string; message: string };

export function createReceive(deps: IncomingDeps): Receive {
  const { applications, numbers, domains, errors, calls } = deps;

  const ownerOf = ({ from, to, endpointId }: Offer): Owner => {
    const endpoint = endpointId === undefined ? undefined : domains.endpoint(endpointId);
    if (endpointId !== undefined && !endpoint?.enabled)
      return refuse('endpoint-disabled', `The endpoint ${from} is disabled or deleted`);
    const number = endpoint ? undefined : numbers.find(to);
    if (!endpoint && !number) return refuse('number-not-found', `${to} is not a number of the account`);

    const what = endpoint ? 'endpoint' : 'number';
    const applicationId = endpoint ? endpoint.applicationId : number?.applicationId;
    const application = applicationId === undefined ? undefined : applications.get(applicationId);
    const incomingCallUrl = application?.incomingCallUrl;
    if (!application || incomingCallUrl === undefined)
      return refuse(`no-application-for-${what}`, `No application is configured for ${what} ${endpoint ? from : to}`);
    return { application, incomingCallUrl, fallbackNumber: number?.fallbackNumber };
  };

  const announce = async (call: Call, application: Application, fallbackNumber: string | undefined): Promise<void> => {
    const { from, to, applicationId, privacy } = call.settings;
    const delivered = await call.emit('incomingcall', {
      ...{ from, to, callState: 'active', applicationId },
      privacy: privacy ? 'id' : undefined,
    });
    if (!call.waiting) return; // answered, rejected or ended in the meantime
    if (delivered) {
      if (application.autoAnswer) call.answer();
    } else if (fallbackNumber === undefined) {
      call.hangUp('NORMAL_TEMPORARY_FAILURE');
    } else {
      const { callTimeout } = call.settings;
      divert(call, calls.dial({ from, to: fallbackNumber, callTimeout, tag: call.settings.tag, privacy }));
    }
  };

  return (offer: Offer, line: Line): AcceptedOffer | undefined => {
    if (!deps.intake.open) {
      line.hangUp('NORMAL_TEMPORARY_FAILURE');
      return undefined;
    }
    const owner = ownerOf(offer);
    if ('refused' in owner) {
      const { code, message, refused } = owner;
      deps.log.warn({ event: 'incoming-call-refused', code, from: offer.from, to: offer.to }, 'incoming call refused');
      const details = [
        { name: 'from', value: offer.from },
        { name: 'to', value: offer.to },
      ];
      errors.record({ category: 'unavailable', code, message, details });
      line.hangUp(refused);
      return undefined;
    }
    const { application, incomingCallUrl, fallbackNumber } = owner;
    const call = calls.create({
      direction: 'in',
      from: offer.from,
      to: offer.to,
      callback: {
        url: incomingCallUrl,
        fallbackUrl: application.incomingCallFallbackUrl,
        method: application.callbackHttpMethod,
        timeoutMs: application.incomingCallUrlCallbackTimeout,
      },
      callTimeout: deps.ringLimitSeconds,
      applicationId: application.id,
      sipHeaders: offer.sipHeaders,
      privacy: offer.privacy,
    });
    call.internalErrors.guard('incoming call', () => {
      call.attach(line);
      line.ring();
      return announce(call, application, fallbackNumber);
    })();
    return { callId: call.id, listener: call };
  };
}

function refuse(code: string, message: string): Owner {
  return { refused: 'CALL_REJECTED', code, message };
}
