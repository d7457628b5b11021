import { IMAGES_NAME_PATTERN, K3S_VERSION_PATTERN } from '../../domain/step-limits.ts';
import type { K3sSpec } from '../../domain/steps/k3s-spec.ts';
import { artifactFromWire } from './artifact-codec.ts';
import type { StepCodec } from './step-codec.ts';

const ROLES: Readonly<Record<string, K3sSpec['role']>> = { K3S_ROLE_SERVER: 'server', K3S_ROLE_AGENT: 'agent' };

export const k3sCodec: StepCodec<K3sSpec> = {
  toWire: ({ role, version, binary, images, crossesMinor }) => ({
    k3s: {
      role: role === 'server' ? 'K3S_ROLE_SERVER' : 'K3S_ROLE_AGENT',
      version,
      binary: { ...binary },
      images: images === null ? null : { sha256: images.sha256, size: images.size },
      imagesName: images?.name ?? '',
      crossesMinor,
    },
  }),

  fromWire(base, { k3s: step }, at, check) {
    if (!step) return null;
    const role = ROLES[step.role as string];
    check.that(role !== undefined, `${at}.role`, `is ${step.role}, which this version does not know`);
    check.text(step.version, `${at}.version`, K3S_VERSION_PATTERN);
    const binary = artifactFromWire(step.binary, `${at}.binary`, check);
    const hasImages = step.images !== null;
    if (hasImages) check.text(step.imagesName, `${at}.imagesName`, IMAGES_NAME_PATTERN);
    else check.that(step.imagesName === '', `${at}.imagesName`, 'names an archive that is not there');
    const images = hasImages ? { ...artifactFromWire(step.images, `${at}.images`, check), name: step.imagesName } : null;
    return { kind: 'k3s', ...base, role: role ?? 'agent', version: step.version, binary, images, crossesMinor: step.crossesMinor };
  },
};
