/**
 * Takes the moment of writing out of a zip file, so that the same content is the same bytes.
 */

const centralSignature = 0x02014b50
const endSignature = 0x06054b50
// 1 January 2026, 00:00, as zip files write it
const date = ((2026 - 1980) << 9) | (1 << 5) | 1

/** The zip file with all entries dated alike. The input is one that was just written, without a comment. */
export const withoutTimes = (zip: Uint8Array): Uint8Array => {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength)
  const end = zip.byteLength - 22
  if (view.getUint32(end, true) !== endSignature) return zip
  let at = view.getUint32(end + 16, true)
  while (view.getUint32(at, true) === centralSignature) {
    const local = view.getUint32(at + 42, true)
    for (const time of [at + 12, local + 10]) {
      view.setUint16(time, 0, true)
      view.setUint16(time + 2, date, true)
    }
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  }
  return zip
}
