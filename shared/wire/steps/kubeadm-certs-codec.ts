import { CERTIFICATE_NAME_PATTERN, CERTIFICATES_MAX, UNDER_DAYS_MAX } from '../../domain/step-limits.ts';
import type { KubeadmCertsSpec } from '../../domain/steps/kubeadm-spec.ts';
import type { StepCodec } from './step-codec.ts';

export const kubeadmCertsCodec: StepCodec<KubeadmCertsSpec> = {
  toWire: ({ renew, whenUnderDays }) => ({ kubeadmCerts: { renew: [...renew], whenUnderDays } }),

  fromWire(base, { kubeadmCerts: step }, at, check) {
    if (!step) return null;
    check.count(step.renew.length, `${at}.renew`, { max: CERTIFICATES_MAX });
    check.that(new Set(step.renew).size === step.renew.length, `${at}.renew`, 'names a certificate twice');
    for (const [index, name] of step.renew.entries()) check.text(name, `${at}.renew[${index}]`, CERTIFICATE_NAME_PATTERN);
    check.count(step.whenUnderDays, `${at}.whenUnderDays`, { min: 1, max: UNDER_DAYS_MAX });
    return { kind: 'kubeadm_certs', ...base, renew: step.renew, whenUnderDays: step.whenUnderDays };
  },
};
