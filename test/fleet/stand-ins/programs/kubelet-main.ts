// The stand-in of the kubelet: node report, lease, healthz and static pods; no containers.
import { parseKubeletFlags } from '../kubelet/kubelet-flags.ts';
import { prepareKubelet, runKubelet } from '../kubelet/kubelet.ts';
import { klogLine } from '../klog-line.ts';
import { builtVersion, sayStandIn } from '../stand-in-notice.ts';
import { parseKubeVersion } from '../version-info.ts';

process.title = 'kubelet';
const version = builtVersion();

try {
  const flags = parseKubeletFlags(process.argv.slice(2), parseKubeVersion(version).minor);
  if (flags.has('version')) {
    console.log(`Kubernetes ${version}`);
  } else {
    sayStandIn('kubelet');
    for (const name of ['container-runtime-endpoint', 'pod-infra-container-image']) {
      if (flags.has(name)) console.error(`Flag --${name} has been deprecated, ${name === 'pod-infra-container-image' ? 'will be removed in 1.35. Image garbage collector will get sandbox image information from CRI.' : "This parameter should be set via the config file specified by the Kubelet's --config flag."}`);
    }
    const prepared = await prepareKubelet(version, flags);
    await runKubelet({ version, program: 'kubelet', flags, ...prepared, labels: {}, runtimeVersion: null });
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(klogLine('E', 'run.go:72', `"command failed" err=${JSON.stringify(message)}`));
  process.exit(1);
}
