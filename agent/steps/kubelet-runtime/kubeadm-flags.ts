const VARIABLE = 'KUBELET_KUBEADM_ARGS';
const FLAG = '--container-runtime-endpoint';
/** systemd.exec(5), EnvironmentFile: one line, or several of which each but the last ends in a backslash. The last one counts. */
const ASSIGNMENT = new RegExp(String.raw`^[ \t]*${VARIABLE}=(?:[^\n]*\\\n)*[^\n]*$`, 'gm');
const VALUE = new RegExp(String.raw`(${FLAG}(?:=|[ \t]+))([^\s"'\\]+)(?=["']?(?:\s|\\\n|$))`, 'g');

/** What kubeadm-flags.env makes the kubelet's arguments: every value that it gives the flag. Null where it cannot be said for sure. */
export function endpointsIn(text: string): readonly string[] | null {
  const assignments = text.match(ASSIGNMENT) ?? [];
  if (assignments.length > 1) return null;
  const [assignment = ''] = assignments;
  const found = [...assignment.matchAll(VALUE)].map(([, , value = '']) => value);
  // Quoted otherwise, empty, or part of another word.
  return found.length === assignment.split(FLAG).length - 1 ? found : null;
}

/**
 * The text with that endpoint instead of any other, or first among the arguments where it has none; every other byte as it
 * was. Null where it cannot be said for sure what it means.
 */
export function withEndpoint(text: string, endpoint: string): string | null {
  const found = endpointsIn(text);
  if (found === null) return null;
  const written = found.length > 0 ? text.replace(ASSIGNMENT, (whole) => whole.replace(VALUE, `$1${endpoint}`)) : withNew(text, `${FLAG}=${endpoint}`);
  const proof = endpointsIn(written);
  return proof !== null && proof.length > 0 && proof.every((value) => value === endpoint) ? written : null;
}

function withNew(text: string, argument: string): string {
  const line = new RegExp(String.raw`^([ \t]*${VARIABLE}=)(["']?)([^\n]*)$`, 'm').exec(text);
  if (line === null) return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${VARIABLE}="${argument}"\n`;
  const [whole, start = '', quote = '', rest = ''] = line;
  const isEmpty = rest === '' || rest === quote;
  const value = `${argument}${isEmpty ? '' : ' '}${rest}`;
  return text.replace(whole, () => (quote === '' && isEmpty ? `${start}"${argument}"` : `${start}${quote}${value}`));
}
