import { ask } from './redis-process';

/** What Redis holds of flows that have not ended, by its indices: what no instance would list or wake is found here too. */
export async function liveKeys(url: string): Promise<string[]> {
  const words = async (...command: string[]): Promise<string[]> =>
    (await ask(url, ...command)).split('\r\n').filter((line) => line !== '' && !/^[*$:]-?\d+$/.test(line));
  const keys = [...(await words('KEYS', '*:phase:*')), ...(await words('KEYS', '*:due'))];
  const found = keys
    .filter((key) => !key.endsWith(':phase:ended'))
    .map(async (key) => (await words('ZRANGE', key, '0', '-1')).map((id) => `${key} ${id}`));
  return (await Promise.all(found)).flat();
}
