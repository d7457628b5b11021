/** For people who write a plan: each kind of step once, with what stands where nothing is written, or the other choice. */
export const STEPS_EXAMPLE = `
      - packages: { install: { containerd: 1.7.24~ds1-6+deb13u1 }, sources: [ours], conffiles: keep }    # or replace; or remove: [docker.io] and nothing else
      - service: { restart: containerd.service, timeout: 2m }    # or disable; every step knows timeout
      - files: { manage: [{ path: /etc/crictl.yaml, content: "debug: false\\n", mode: "0644", owner: root }], onDrift: refuse }    # or overwrite
      - sysctl: { name: kubernetes, settings: { net.ipv4.ip_forward: 1 } }
      - modules: { name: kubernetes, modules: [overlay, br_netfilter] }
      - hook: { name: warm-cache, args: [--site, berlin], reversible: true }
      - reboot: { onlyIf: required, units: [kubelet.service] }    # or always
      - kubeletConfig: { set: { maxPods: 150, evictionHard: { memory.available: 200Mi } } }
      - kubeadmCerts: { renew: all, whenUnderDays: 90 }    # or [apiserver, etcd-server]
      - containerd: { runtimes: [{ name: crun, binary: /usr/bin/crun }], defaultRuntime: crun, sandboxImage: registry.example.net/pause:3.10, alsoFor: 1.7.24 }    # edits config.toml
      - images: { fromDocker: [docker.io/library/web:1], pin: true }    # or archives, with sha256, size and images
      - criProbe: { handler: crun, image: registry.example.net/hello:1, id: "sha256:0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e", expect: hello }
      - kubeletRuntime: { endpoint: unix:///run/containerd/containerd.sock, runtime: containerd }
      - kubelet: { version: 1.34.1 }    # restarts and proves it; a kubeletRuntime needs it
      - k3sRuntimes: { role: agent, runtimes: [{ name: crun-wasm, binary: /usr/local/bin/crun, podAnnotations: [run.oci.handler] }], mirrors: [{ host: docker.io, endpoints: ["https://images.example.net"] }] }
      - agent: { version: 0.2.0, sources: [fleet], connectWithin: 3m }`;

/** The kinds that procedures compose, and hardly anybody writes. */
export const COMPOSED_STEPS = ['kubeadm', 'k3s'];

/** Each procedure once; a plan takes one. */
export const PROCEDURES_EXAMPLE = `
      packages: { install: { containerd: 1.7.24~ds1-6+deb13u1 }, sources: [ours], restart: [containerd.service] }
      kubeadm-upgrade: { version: v1.35.4, hops: [v1.34.9], sources: [kubernetes-1-34, kubernetes-1-35], pointsOfNoReturn: [control-plane] }
      k3s-upgrade:
        version: v1.34.1+k3s1
        releases:    # one for each minor on the way; sha256 and size as \`farrier artifact add\` prints them
          - version: v1.34.1+k3s1
            amd64:    # and arm64; images only where the hosts pull none
              binary: { sha256: 0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e, size: 71303168 }
              images: { name: k3s-airgap-images-amd64.tar.zst, sha256: 6b2f9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e, size: 199229440 }
        pointsOfNoReturn: [control-plane]
      os-reboot: { onlyIf: required, units: [kubelet.service] }
      agent-upgrade: { version: 0.2.0, sources: [fleet] }
      kubeadm-certs-renew: { renew: all, whenUnderDays: 90 }
      containerd-config: { runtimes: [{ name: crun, binary: /usr/bin/crun }], defaultRuntime: crun }    # as the step containerd; and install, sources, probes
      containerd-upgrade:    # over a major the configuration is one that both versions read
        install: { containerd: 2.1.9+ds1-5, runc: 1.3.6+ds1-1 }
        sources: [ours]
        settings: { sandboxImage: registry.example.net/pause:3.10 }    # as the step containerd; and images, probes
      k3s-runtimes: { runtimes: [{ name: crun-wasm, binary: /usr/local/bin/crun, podAnnotations: [run.oci.handler] }], mirrors: [{ host: docker.io, endpoints: ["https://images.example.net"] }] }    # and probe, as criProbe's
      docker-to-containerd: { images: [docker.io/library/web:1], systemdCgroup: true, sandboxImage: registry.example.net/pause:3.10 }    # and probe, as criProbe's image, id and expect
      wasm:    # a runtime of containerd's, proved by a module; engine: crun, or the name of a containerd-shim
        install: { crun: 1.21-1, libwasmedge0: 0.14.1+dfsg-2+b2 }
        sources: [ours]
        probe: { image: registry.example.net/hello-wasm:1, id: "sha256:0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e", expect: hello }    # and its archive, where it is not there`;
