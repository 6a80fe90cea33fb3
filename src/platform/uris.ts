/** How the platform names its resources on the wire. */
export interface Uris {
  /** The path alone: `/v1/users/{userId}/calls/{id}`. */
  location(path: string): string;
  /** Absolute, as resources and events carry it (`callUri`). */
  absolute(path: string): string;
}

/** @param origin asked when it is needed; without a slash at its end and without `/v1` */
export function createUris(origin: () => string, userId: string): Uris {
  const user = `/v1/users/${encodeURIComponent(userId)}`;
  return {
    location: (path) => `${user}/${path}`,
    absolute: (path) => `${origin()}${user}/${path}`,
  };
}
