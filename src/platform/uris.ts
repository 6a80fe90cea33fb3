/** Builds the URIs of the platform's resources. */
export interface Uris {
  /** Returns the path alone: `/v1/users/{userId}/calls/{id}`. */
  location(path: string): string;
  /** Returns the absolute URI for resources and events (`callUri`). */
  absolute(path: string): string;
}

/** @param origin returns the origin, without trailing slash and without `/v1` */
export function createUris(origin: () => string, userId: string): Uris {
  const user = `/v1/users/${encodeURIComponent(userId)}`;
  return {
    location: (path) => `${user}/${path}`,
    absolute: (path) => `${origin()}${user}/${path}`,
  };
}
