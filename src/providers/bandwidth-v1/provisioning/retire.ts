/** Takes numbers and endpoints off a platform that are lines no longer. Idempotent. */
import type { ApiHttp } from '../http';
import { domain, endpoint, find, list, namesOf, phoneNumber } from './provision';

export async function retire(
  http: ApiHttp,
  gone: { numbers: readonly string[]; endpoints: readonly string[] },
): Promise<void> {
  for (const number of gone.numbers) {
    const found = await find(http, `/phoneNumbers/${encodeURIComponent(number)}`, phoneNumber);
    if (found) await http.send('DELETE', http.userPath(`/phoneNumbers/${found.id}`));
  }
  for (const uri of gone.endpoints) {
    const { user, label } = namesOf(uri);
    const home = (await list(http, '/domains', domain)).find(({ name }) => name.toLowerCase() === label);
    if (!home) continue;
    const path = `/domains/${home.id}/endpoints`;
    const found = (await list(http, path, endpoint)).find(({ name }) => name === user);
    if (found) await http.send('DELETE', http.userPath(`${path}/${found.id}`));
  }
}
