/** What the server is made of, behind its HTTP side. Nothing listens here, and no timer runs. */
import { DEFAULT_CAPABILITIES, type CallCapabilities } from '../calls/capabilities';
import type { Config } from '../config/config';
import { explainRecordsFile } from '../config/setting-faults';
import type { DialPlan, Line } from '../dial-plan/dial-plan';
import { createRecordOutbox, type RecordOutbox } from '../engine/call-records/outbox';
import { openCallRecords, type CallRecords } from '../engine/call-records/records';
import { createEngine, type Engine } from '../engine/engine';
import { createMetrics, type Metrics } from '../engine/metrics';
import { createRecovery, type Recovery } from '../engine/recovery';
import type { Limits } from '../flows/flow';
import { createBandwidthV1 } from '../providers/bandwidth-v1';
import type { Provider } from '../providers/provider';
import { openStore } from '../store/open';
import type { FlowStore } from '../store/store';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';

export interface PartsOptions {
  config: Config;
  /** Origin of the platform, without `/v1`. */
  apiUrl: string;
  log: Logger;
  internalErrors: InternalErrors;
  /** Where events go; known once the server listens. */
  webhookUrl: () => string;
}

export interface Parts {
  store: FlowStore;
  metrics: Metrics;
  records: CallRecords;
  /** undefined: no call records are configured */
  outbox: RecordOutbox | undefined;
  provider: Provider;
  plan: DialPlan;
  engine: Engine;
  recovery: Recovery;
  /** From now on calls are routed by these lines. */
  replaceLines(lines: readonly Line[]): void;
  /** Delivers call records for at most `recordsMs`, then closes. */
  close(recordsMs: number): Promise<void>;
}

/** What answering the callee, answering the caller and bridging may take each, ms. */
const STEP_MS = 15_000;
const CONFIRM_MS = 1_000;
const ENDING_MS = 600_000;

export async function openParts({ config, apiUrl, log, internalErrors, webhookUrl }: PartsOptions): Promise<Parts> {
  const store = await openStore(config.redis, log, internalErrors);
  const metrics = createMetrics(store, internalErrors);
  const { records, outbox } = await openRecords({ config, store, metrics, log, internalErrors });
  const provider = createBandwidthV1({
    api: { ...config.api, url: apiUrl },
    webhook: { credentials: config.webhookCredentials, method: config.webhookMethod },
    webhookUrl,
    embedded: config.api.url === undefined,
    log,
  });
  const { control } = provider;
  const { plan, replaceLines } = planOf(config);
  const limits = limitsOf(config, provider.capabilities.calls);
  const onStray = () => recovery.soon();
  const shared = { store, control, log, internalErrors, limits };
  const engine = createEngine({ ...shared, metrics, records: outbox, plan, onStray });
  const recovery = createRecovery({ ...shared, engine, lines: () => plan.lines, callbackUrl: webhookUrl });
  return {
    ...{ store, metrics, records, outbox, provider, plan, engine, recovery, replaceLines },
    async close(recordsMs) {
      engine.close();
      control.close();
      await (outbox ?? records).close(recordsMs);
      await store.close();
    },
  };
}

interface RecordsDeps
  extends Pick<PartsOptions, 'config' | 'log' | 'internalErrors'>, Pick<Parts, 'store' | 'metrics'> {}

async function openRecords({ config, store, metrics, log, internalErrors }: RecordsDeps) {
  const { file, post } = config.callRecords;
  const wallTime = (at: number) => store.wallTime(at);
  const options = { file, post, log, count: metrics.callRecord, internalErrors, wallTime };
  const records = await openCallRecords(options).catch(async (error: unknown) => {
    await store.close();
    throw explainRecordsFile(error, file);
  });
  const outbox = file === undefined && post === undefined ? undefined : createRecordOutbox({ store, records, log });
  return { records, outbox };
}

/** The engine and the API read the lines at each call. */
function planOf(config: Config): Pick<Parts, 'plan' | 'replaceLines'> {
  let { lines } = config;
  return {
    plan: {
      get lines() {
        return lines;
      },
      defaultCountry: config.defaultCountry,
      callTimeout: config.callTimeoutSeconds,
      callerId: config.callerId,
    },
    replaceLines(replacement) {
      lines = replacement;
    },
  };
}

function limitsOf(config: Config, capabilities: CallCapabilities): Limits {
  return {
    stepMs: STEP_MS,
    maxCallMs: config.maxCallSeconds * 1_000,
    legCheckMs: config.legCheckSeconds * 1_000,
    confirmMs: CONFIRM_MS,
    endingMs: ENDING_MS,
    // States are small: they name what differs.
    ...(capabilities !== DEFAULT_CAPABILITIES && { capabilities }),
  };
}
