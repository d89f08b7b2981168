// @ts-check
/**
 * The one fold in the browser: the twin of language/fold.py, held to the same vectors and, by a test in Chromium, to
 * the same answer for every code point. Plain JavaScript with types in its comments, so that the test runs this very file.
 */

const YPOGEGRAMMENI = "\u0345"; // the only mark of the highest combining class: every other one is sorted before it

/**
 * Whether a character combines (its combining class is not 0). JavaScript has no table of classes, but normalising
 * sorts marks by them.
 * @param {string} char one character
 * @returns {boolean}
 */
function combines(char) {
  return char === YPOGEGRAMMENI || (YPOGEGRAMMENI + char).normalize("NFD") !== YPOGEGRAMMENI + char.normalize("NFD");
}

/**
 * Text in NFC without stray combining marks, what lies outside the first plane as U+FFFD: one code point is one unit.
 * @param {string} text
 * @returns {string}
 */
export function canonical(text) {
  let clean = "";
  for (const char of text.normalize("NFC")) if (!combines(char)) clean += char.length > 1 ? "\ufffd" : char;
  return clean;
}

/**
 * Canonical text without tone and vowel marks, in small letters, đ as d; as long as before, so offsets stay true.
 * @param {string} text as `canonical` returns it
 * @returns {string}
 */
export function fold(text) {
  let folded = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "đ" || char === "Đ") {
      folded += "d";
      continue;
    }
    const [first = char, ...marks] = char.normalize("NFD");
    const base = marks.length && marks.every(combines) ? first : char;
    folded += base.toLowerCase().charAt(0) || base;
  }
  return folded;
}
