/**
 * What retention would take away, or took away, as a table.
 */
import type { Retention } from "@waybill/core"
import { count, moment, size } from "./format.ts"
import type { Style } from "./style.ts"
import { type Column, table } from "./table.ts"

const right = (heading: string): Column => ({ heading, align: "right" })

/** What of old jobs goes, or went, and the command that takes it away. */
export const retention = (due: Retention.Due, purged: Retention.Purged | undefined, command: string, style: Style): string => {
  const { bytes, goes } = purged ?? due
  const left = purged?.left ?? []
  const kept = left.length === 0 ? "" : `Left, because they changed meanwhile: ${left.join(", ")}\n`
  if (goes.length === 0) return `Nothing is older than it is kept.\n${kept}`
  const rows = table(
    [
      { heading: "job" },
      { heading: "import" },
      { heading: "status" },
      { heading: "last change" },
      right("parts"),
      right("size"),
      right("in target"),
    ],
    goes.map(({ bytes: own, inTarget, job: id, of, parts }) => [
      id,
      of?.import ?? "",
      of?.status ?? "nobody's",
      of === null ? "" : moment(of.updatedAt),
      count(parts),
      size(own - inTarget),
      size(inTarget),
    ]),
    style,
  )
  const next = purged === undefined ? `\n${style.bold("Next")}\n  ${style.dim("take them away:")}\n    ${command}\n` : ""
  return `${rows}\n${purged === undefined ? "This would free" : "This freed"} ${size(bytes)}.\n${kept}${next}`
}
