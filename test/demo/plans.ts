export const POLICY = `apiVersion: farrier/v1
kind: FleetPolicy
spec:
  maxUnavailable: { fleet: 2 }
`;

/** A real package on every host: a canary first, then the rest, two at a time. */
export function containerdPlan(version: string): string {
  return `apiVersion: farrier/v1
kind: Plan
metadata: { name: containerd }
spec:
  select: { labels: { role: worker } }
  waves:
    - { name: canary, most: 1 }
    - { name: rest }
  maxUnavailable: 2
  maxFailures: 0
  steps:
    - packages: { install: { containerd: ${version} }, sources: [local] }
    - service: { restart: containerd.service, looks: 3, every: 1s }
`;
}

/** A package whose version 2.0 crashes on one host. */
export function samplePlan(version: string): string {
  return `apiVersion: farrier/v1
kind: Plan
metadata: { name: sample }
spec:
  select: { labels: { role: worker } }
  maxUnavailable: 2
  maxFailures: 0
  onFailure: pause
  steps:
    - packages: { install: { sample: "${version}" }, sources: [local] }
    - service: { restart: sample.service, looks: 4, every: 1s }
`;
}
