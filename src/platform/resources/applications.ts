import { newId } from '../../support/ids';

export interface Application {
  readonly id: string;
  name: string;
  incomingCallUrl?: string | undefined;
  incomingCallFallbackUrl?: string | undefined;
  /** ms */
  incomingCallUrlCallbackTimeout: number;
  incomingMessageUrl?: string | undefined;
  incomingMessageFallbackUrl?: string | undefined;
  callbackHttpMethod: 'GET' | 'POST';
  autoAnswer: boolean;
}

export interface Applications {
  create(fields: Omit<Application, 'id'>): Application;
  get(id: string): Application | undefined;
  delete(id: string): boolean;
  /** Lists applications, oldest first. */
  list(): Application[];
}

export function createApplications(): Applications {
  const all = new Map<string, Application>();
  return {
    create(fields) {
      const application = { ...fields, id: newId('application') };
      all.set(application.id, application);
      return application;
    },
    get: (id) => all.get(id),
    delete: (id) => all.delete(id),
    list: () => [...all.values()],
  };
}
