import { makeDeb, type DebSpec } from '../deb-package.ts';
import { postinstFaultFile } from './faults.ts';
import { hostArchitecture } from '../../../systemd/package/node-runtime.ts';
import { realFolder } from './real-programs.ts';

type HostProgram = 'kubeadm' | 'kubelet' | 'kubectl';

/** As pkgs.k8s.io numbers them. */
export function debVersion(kubernetes: string): string {
  return `${kubernetes}-1.1`;
}

/**
 * The packages of one version, laid out as those of pkgs.k8s.io are (kubernetes/release, cmd/krel/templates/latest).
 * @returns paths
 */
export async function kubernetesDebs(folder: string, version: string, programOf: (program: HostProgram) => string | Uint8Array): Promise<readonly string[]> {
  const architecture = hostArchitecture();
  const common = { version: debVersion(version), architecture };
  const program = (name: HostProgram) => ({ [`/usr/bin/${name}`]: { content: programOf(name), mode: 0o755 } });
  // All of them are told before the first is built, so that a program that lacks leaves no build behind that goes on.
  const debs: readonly DebSpec[] = [
    { ...common, name: 'cri-tools', files: notice('cri-tools') },
    { ...common, name: 'kubernetes-cni', files: { ...notice('kubernetes-cni'), '/opt/cni/bin/.kubernetes-cni-keep': '' } },
    { ...common, name: 'kubectl', files: { ...notice('kubectl'), ...program('kubectl') } },
    {
      ...common, name: 'kubeadm', depends: ['cri-tools (>= 1.30.0)'], scripts: { postinst: orFail('kubeadm', version) },
      files: { ...notice('kubeadm'), ...program('kubeadm'), '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf': DROP_IN },
    },
    {
      ...common, name: 'kubelet', depends: ['kubernetes-cni (>= 1.2.0)', 'mount', 'util-linux'],
      files: {
        ...notice('kubelet'), ...program('kubelet'), '/usr/lib/systemd/system/kubelet.service': UNIT, '/etc/default/kubelet': 'KUBELET_EXTRA_ARGS=\n',
        '/var/lib/kubelet/.kubelet-keep': '', '/etc/kubernetes/manifests/.kubelet-keep': '',
      },
      conffiles: ['/etc/default/kubelet'],
      // A new kubelet is not restarted by its package: `systemctl restart kubelet` is a step of its own.
      scripts: {
        postinst: [orFail('kubelet', version), 'if [ "$1" = configure ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl enable --quiet kubelet.service; fi'].join('\n'),
        prerm: 'if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --quiet --now kubelet.service; fi',
        postrm: 'if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi',
      },
    },
  ];
  return Promise.all(debs.map((deb) => makeDeb(folder, deb)));
}

/** Fails where /etc/stand-in/NAME.postinst names this version. */
function orFail(name: string, version: string): string {
  return `if [ "$1" = configure ] && grep --quiet --no-messages --line-regexp '${debVersion(version)}' ${postinstFaultFile(name)}; then echo 'stand-in: told to fail' >&2; exit 1; fi`;
}

function notice(name: string): Readonly<Record<string, string>> {
  if (realFolder() !== null) return {};
  return { [`/usr/share/doc/${name}/STAND-IN`]: `This is not ${name} of the Kubernetes project. It is a test fixture of Farrier with its name, files, flags and exit codes.\n` };
}

const UNIT = `[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

const DROP_IN = `# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# This is a file that "kubeadm init" and "kubeadm join" generates at runtime, populating the KUBELET_KUBEADM_ARGS variable dynamically
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
# This is a file that the user can use for overrides of the kubelet args as a last resort. Preferably, the user should use
# the .NodeRegistration.KubeletExtraArgs object in the configuration files instead. KUBELET_EXTRA_ARGS should be sourced from this file.
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;
