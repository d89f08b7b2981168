/**
 * SHA-256 (FIPS 180-4) over a file piece by piece. The browser's own digest wants the whole file in memory, and is not
 * there at all where the archive is reached by plain http inside a building.
 */

const SLICE = 1024 * 1024;
const FIRST = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/** The round constants: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND = ((): Int32Array => {
  const found = new Int32Array(64);
  let count = 0;
  for (let n = 2; count < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (!prime) continue;
    const root = Math.cbrt(n);
    found[count] = Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
    count += 1;
  }
  return found;
})();

class Sha256 {
  private readonly state = Int32Array.from(FIRST);
  private readonly words = new Int32Array(64);
  private readonly block = new Uint8Array(64);
  private filled = 0;
  private length = 0;

  add(data: Uint8Array): void {
    this.length += data.length;
    let at = 0;
    if (this.filled) {
      at = Math.min(64 - this.filled, data.length);
      this.block.set(data.subarray(0, at), this.filled);
      this.filled += at;
      if (this.filled < 64) return;
      this.mix(this.block, 0);
      this.filled = 0;
    }
    for (; at + 64 <= data.length; at += 64) this.mix(data, at);
    this.block.set(data.subarray(at), 0);
    this.filled = data.length - at;
  }

  hex(): string {
    const bits = this.length * 8;
    const tail = new Uint8Array(this.filled < 56 ? 64 - this.filled : 128 - this.filled);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    this.add(tail);
    return [...this.state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  private mix(data: Uint8Array, at: number): void {
    const w = this.words;
    for (let i = 0; i < 16; i += 1) {
      const j = at + 4 * i;
      w[i] = (data[j]! << 24) | (data[j + 1]! << 16) | (data[j + 2]! << 8) | data[j + 3]!;
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i]! + w[i]!) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => {
      this.state[i] = (this.state[i]! + value) | 0;
    });
  }
}

/** The SHA-256 of a file in hexadecimal; throws when the file cannot be read (any more). */
export async function sha256(file: Blob): Promise<string> {
  const digest = new Sha256();
  for (let at = 0; at < file.size; at += SLICE) {
    digest.add(new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer()));
  }
  return digest.hex();
}
