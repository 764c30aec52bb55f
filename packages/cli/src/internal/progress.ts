/**
 * The progress line: how far long work is, drawn over itself on standard error, and only where that is a terminal.
 */
import type { Engine } from "@waybill/core"
import { Effect } from "effect"
import type { Host } from "../Host.ts"
import { count } from "./format.ts"

/** A progress line. */
export interface Progress {
  readonly show: (progress: Engine.Progress) => Effect.Effect<void>
  /** Writes other text to standard error, and lets the progress line make way for it. */
  readonly say: (text: string) => void
  /** Takes the line away. */
  readonly clear: Effect.Effect<void>
}

const words = { read: "Reading", plan: "Planning", commit: "Writing", verify: "Verifying", undo: "Taking back" } as const
const things = { read: "rows", plan: "records", commit: "records", verify: "records", undo: "records" } as const

/** The text of the line. */
export const line = ({ done, phase, total }: Engine.Progress): string => {
  const word = words[phase]
  if (done === 0) return `${word} …`
  if (total === null || total === 0) return `${word}: ${count(done)} ${things[phase]}`
  return `${word}: ${count(done)} of ${count(total)} ${things[phase]} (${Math.floor((done / total) * 100)} %)`
}

const wipe = "\r\u001b[K"

/** The line for a host; one that draws nothing where its errors go to no terminal. */
export const make = (host: Host): Progress => {
  let shown = false
  const clear = (): void => {
    if (shown) host.err(wipe)
    shown = false
  }
  return {
    show: (progress) =>
      Effect.sync(() => {
        if (!host.progress) return
        host.err(`${wipe}${line(progress)}`)
        shown = true
      }),
    say: (text) => {
      clear()
      host.err(text)
    },
    clear: Effect.sync(clear),
  }
}
