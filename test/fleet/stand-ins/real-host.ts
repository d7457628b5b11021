import { containerdConfig } from '../containerd-host.ts';
import type { Host } from '../host.ts';

/**
 * What the kubelet wants of the kernel, and writes where it is otherwise (its setupKernelTunables). Hosts share one kernel
 * and see its settings read-only: they are shown these, and the kernel keeps its own.
 */
const SHOWN_SETTINGS: Readonly<Record<string, number>> = {
  'vm/overcommit_memory': 1, 'vm/panic_on_oom': 0, 'kernel/panic': 10, 'kernel/panic_on_oops': 1, 'kernel/keys/root_maxkeys': 1_000_000, 'kernel/keys/root_maxbytes': 25_000_000,
};

const SHOW_SETTINGS = `[Unit]
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=mkdir -p /run/shown/vm /run/shown/kernel/keys
${Object.entries(SHOWN_SETTINGS).map(([name, value]) => `ExecStart=sh -c 'echo ${value} > /run/shown/${name} && mount --bind /run/shown/${name} /proc/sys/${name}'`).join('\n')}

[Install]
WantedBy=multi-user.target
`;

/** Pods of one host reach one another, which is all that is asked of them. */
const POD_NETWORK = {
  cniVersion: '1.0.0', name: 'pods',
  plugins: [{ type: 'bridge', bridge: 'pods0', isGateway: true, ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] } }],
};

/** Makes a host of the fleet one that a real kubelet runs on, with the images of these archives. @param pause reference of the image that every pod needs */
export async function prepareRealHost(host: Host, pause: string, archives: readonly string[]): Promise<void> {
  const files = {
    '/etc/systemd/system/show-settings.service': SHOW_SETTINGS,
    // The kubelet reads the kernel's messages, does not start without them, and systemd-nspawn gives a host none.
    '/etc/tmpfiles.d/kernel-messages.conf': 'L /dev/kmsg - - - - /dev/null\n',
    '/etc/containerd/config.toml': containerdConfig(pause),
    '/etc/cni/net.d/10-pods.conflist': JSON.stringify(POD_NETWORK),
  };
  for (const [path, text] of Object.entries(files)) await host.writeFile(path, text);
  await host.mustExec(['systemd-tmpfiles', '--create', '/etc/tmpfiles.d/kernel-messages.conf']);
  await host.mustExec(['systemctl', 'enable', '--quiet', '--now', 'show-settings.service']);
  await host.mustExec(['systemctl', 'restart', 'containerd.service']);
  for (const archive of archives) await host.mustExec(['ctr', '--namespace', 'k8s.io', 'images', 'import', archive]);
}
