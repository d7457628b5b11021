import { natsServerProgram } from '../../support/nats-server.ts';
import type { Host } from '../host.ts';

/** Settings of a coordinator that keeps its state in the server of startNatsOn. */
export const NATS_SETTINGS = 'nats: nats://127.0.0.1:4222\nnatsMonitor: http://127.0.0.1:8222\n';

const CONFIG = `listen: 127.0.0.1:4222
http: 127.0.0.1:8222
jetstream { store_dir: "/var/lib/nats", sync_interval: always }
`;

/** Runs a real nats-server (Debian's package) as a unit of the host, with every write synced before it is acknowledged. */
export async function startNatsOn(host: Host): Promise<void> {
  await host.copyIn(await natsServerProgram(), '/usr/local/bin/nats-server');
  await host.mustExec(['chmod', '0755', '/usr/local/bin/nats-server']);
  await host.writeFile('/etc/nats-server.conf', CONFIG);
  await host.mustExec(['systemd-run', '--unit=nats-server', '--property=Restart=always', '/usr/local/bin/nats-server', '--config', '/etc/nats-server.conf']);
}
