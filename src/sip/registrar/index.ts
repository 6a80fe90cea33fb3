/** Public interface of the registrar. */
export type { Contact, OfflineReason } from './contact';
export {
  createRegistrar,
  DEFAULT_REGISTRAR_LIMITS,
  type Registrar,
  type RegistrarEvents,
  type RegistrarLimits,
  type RegistrarOptions,
  type Registration,
} from './registrar';
