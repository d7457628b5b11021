export interface K3sInstall {
  readonly role: 'server' | 'agent';
  /** Words after `k3s server`. */
  readonly args?: readonly string[];
  /** K3S_URL, K3S_TOKEN and the like. */
  readonly env?: Readonly<Record<string, string>>;
}

/** k3s.service for a server, k3s-agent.service for an agent. */
export function k3sUnitName(role: K3sInstall['role']): string {
  return role === 'server' ? 'k3s.service' : 'k3s-agent.service';
}

/** The unit and its env file, as the official install script writes them (k3s-io/k3s, install.sh, create_systemd_service_file). */
export function k3sUnitFiles({ role, args = [], env = {} }: K3sInstall): Readonly<Record<string, string>> {
  const name = k3sUnitName(role);
  const envFile = `/etc/systemd/system/${name}.env`;
  // The script quotes every word for the shell that systemd is not, one a line.
  const quoted = args.map((word) => `\t'${word.replaceAll("'", "'\\''")}' \\\n`).join('');
  return {
    [`/etc/systemd/system/${name}`]: `[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=${role === 'server' ? 'notify' : 'exec'}
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-${envFile}
KillMode=process
Delegate=yes
User=root
# Having non-zero Limit*s causes performance problems due to accounting overhead
# in the kernel. We recommend using cgroups to do container-local accounting.
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s \\
    ${role} \\
${quoted}
`,
    [envFile]: Object.entries(env).map(([key, value]) => `${key}='${value}'\n`).join(''),
  };
}
