import { loadConfig } from './config';
import { createLogger } from './logger';
import { startServer } from './server';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger({ level: config.logLevel, pretty: process.stdout.isTTY });
  const server = await startServer(config, config.api.url ?? 'http://127.0.0.1:3001', log);
  process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
}
void main();
