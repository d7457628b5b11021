import type { Procedure } from '../domain/procedure.ts';
import type { WrittenProcedure } from './plan-schema.ts';
import { compileAgentUpgrade } from './procedures/agent-upgrade-procedure.ts';
import { compileContainerdConfig, compileContainerdUpgrade } from './procedures/containerd-procedures.ts';
import { compileDockerToContainerd } from './procedures/docker-to-containerd-procedure.ts';
import { compileK3sRuntimesProcedure } from './procedures/k3s-runtimes-procedure.ts';
import { compileK3sUpgrade } from './procedures/k3s-upgrade-procedure.ts';
import { compileKubeadmCertsRenew } from './procedures/kubeadm-certs-renew-procedure.ts';
import { compileKubeadmUpgrade } from './procedures/kubeadm-upgrade-procedure.ts';
import { compileOsReboot } from './procedures/os-reboot-procedure.ts';
import { compilePackagesProcedure } from './procedures/packages-procedure.ts';
import { compileWasm } from './procedures/wasm-procedure.ts';

export function compileProcedure(written: WrittenProcedure): Procedure {
  if (written.packages !== undefined) return compilePackagesProcedure(written.packages);
  if (written['kubeadm-upgrade'] !== undefined) return compileKubeadmUpgrade(written['kubeadm-upgrade']);
  if (written['k3s-upgrade'] !== undefined) return compileK3sUpgrade(written['k3s-upgrade']);
  if (written['os-reboot'] !== undefined) return compileOsReboot(written['os-reboot']);
  if (written['agent-upgrade'] !== undefined) return compileAgentUpgrade(written['agent-upgrade']);
  if (written['kubeadm-certs-renew'] !== undefined) return compileKubeadmCertsRenew(written['kubeadm-certs-renew']);
  if (written.wasm !== undefined) return compileWasm(written.wasm);
  if (written['containerd-config'] !== undefined) return compileContainerdConfig(written['containerd-config']);
  if (written['containerd-upgrade'] !== undefined) return compileContainerdUpgrade(written['containerd-upgrade']);
  if (written['docker-to-containerd'] !== undefined) return compileDockerToContainerd(written['docker-to-containerd']);
  if (written['k3s-runtimes'] !== undefined) return compileK3sRuntimesProcedure(written['k3s-runtimes']);
  throw new Error('a procedure without a name passed the cross-check');
}
