/**
 * Shows a part of a workbook to a visitor, piece by piece.
 */
import { malformed, tooLarge } from "./classifyError.ts"
import type { Failure, XlsxLimits } from "./XlsxLimits.ts"
import { type Visitor, Xml } from "./Xml.ts"
import { XmlText } from "./XmlText.ts"
import type { Zip } from "./Zip.ts"

/** A visitor that may find that the part cannot be read further. */
export interface PartVisitor extends Visitor {
  readonly failure: Failure | undefined
}

/** The archive, what people call the workbook, and the limits of its parts. */
export interface Archive {
  readonly zip: Zip
  readonly name: string
  readonly limits: XlsxLimits
}

/** The limits of the bytes of a part. */
export type PartLimit = "sheetBytes" | "otherBytes" | "sharedTextBytes"

/** Shows a part to a visitor; pauses after each piece, and where the visitor wants it. A failure of the visitor's is said of `place`. */
export async function* scanning(
  { limits, name, zip }: Archive,
  part: string,
  visitor: PartVisitor,
  limit: PartLimit,
  place: string,
): AsyncGenerator<void> {
  const entry = zip.find(part)
  if (entry === undefined) throw malformed(`${name} is damaged: it has no ${part}`)
  const xml = new Xml(visitor)
  const decoder = new XmlText()
  const check = (): void => {
    const { failure } = visitor
    if (failure !== undefined) throw (failure.isLimit ? tooLarge : malformed)(`${place} ${failure.message}`)
    const broken = decoder.failure ?? xml.failure
    if (broken !== undefined) throw malformed(`${name}: ${part} ${broken}`)
  }
  function* paused(): Generator<void> {
    check()
    yield
    while (xml.isPaused) {
      xml.resume()
      check()
      yield
    }
  }
  for await (const block of zip.read(entry, { bytes: limits[limit], limit })) {
    for (const text of decoder.pieces(block, false)) {
      xml.feed(text)
      yield* paused()
    }
    check()
  }
  for (const text of decoder.pieces(Buffer.alloc(0), true)) xml.feed(text)
  xml.resume()
  yield* paused()
  xml.end()
  check()
}

/** Shows a whole part to a visitor. */
export const scan = async (archive: Archive, part: string, visitor: PartVisitor, limit: PartLimit): Promise<void> => {
  for await (const _ of scanning(archive, part, visitor, limit, `${archive.name}: ${part}`));
}

/** The same for a part that need not be there. */
export const scanOptional = async (
  archive: Archive,
  part: string | undefined,
  visitor: PartVisitor,
  limit: PartLimit,
): Promise<void> => {
  if (part !== undefined && archive.zip.find(part) !== undefined) await scan(archive, part, visitor, limit)
}
