/**
 * What a test needs of the machine. Where it cannot be had: null, with loud words about what is not checked without it, or a
 * failure where everything must be checked (CI=true).
 *
 * @param missing of the same sentence: `etcd of Debian trixie cannot be had`
 */
export async function hadOrSayWhy<T>(what: string, missing: string, get: () => Promise<T>): Promise<T | null> {
  try {
    return await get();
  } catch (error) {
    const notChecked = `NOT CHECKED: ${what}: ${missing}`;
    if (process.env['CI'] === 'true') throw new Error(notChecked, { cause: error });
    console.warn(`${notChecked}: ${String(error)}`);
    return null;
  }
}
