/**
 * The relationships between the parts of a workbook: which part is the table of texts, which are the sheets.
 */

import { type Failure, wrong } from "./XlsxLimits.ts"
import { attributes, type Visitor } from "./Xml.ts"

/** That a part refers to another. */
export interface Relation {
  readonly id: string
  readonly type: string
  /** The path of the other part in the archive. */
  readonly target: string
}

const mostRelations = 100_000

/** The part in which a part's relationships are; that of the archive itself is `""`. */
export const partOf = (part: string): string => `${folderOf(part)}_rels/${part.slice(folderOf(part).length)}.rels`

// the types of transitional and strict workbooks differ in all but their last part
/** Whether a relationship is one to a `worksheet`, to `sharedStrings`, … */
export const isKind = (relation: Relation, kind: string): boolean => relation.type.endsWith(`/${kind}`)

const folderOf = (part: string): string => part.slice(0, part.lastIndexOf("/") + 1)

/** Reads the relationships of a part; what is outside of the archive is none. */
export class Relations implements Visitor {
  readonly found: Array<Relation> = []
  failure: Failure | undefined

  constructor(private readonly of: string) {}

  open(element: string, text: string, from: number, to: number): void {
    if (element !== "Relationship") return
    const values = attributes(text, from, to)
    if (values.get("TargetMode") === "External") return
    if (this.found.length >= mostRelations) {
      this.failure = wrong("has too many relationships for a workbook")
      return
    }
    this.found.push({
      id: values.get("Id") ?? "",
      type: values.get("Type") ?? "",
      target: resolve(folderOf(this.of), values.get("Target") ?? ""),
    })
  }

  close(): void {}

  text(): void {}
}

const resolve = (folder: string, target: string): string => {
  const path = target.startsWith("/") ? target.slice(1) : `${folder}${target}`
  const parts: Array<string> = []
  for (const part of path.replaceAll("\\", "/").split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return parts.join("/")
}
