/**
 * Makes a mutant smaller for as long as it ends as badly: first without some of its mutations, then without some of its bytes.
 *
 * @module
 */
import { type Guarded, guarded, type Place } from "./guarded.ts"
import { type Mutant, mutant } from "./mutant.ts"
import { mostBytes } from "./protocol.ts"
import type { Seed } from "./seeds.ts"

/** Says how a mutant ends where that must not be: its kind, with the first line of what was wrong. */
export type Judge = (input: Pick<Mutant, "bytes" | "options" | "reader">) => Promise<string | undefined>

const firstLine = (text: string): string => text.split("\n", 1)[0]!

/** A judge that reads in guarded processes. */
export const judge = (place: Place): { readonly judge: Judge; readonly end: () => void } => {
  let at: Guarded | undefined
  const end = (): void => {
    at?.end()
    at = undefined
  }
  return {
    end,
    judge: async ({ bytes, options, reader }) => {
      at ??= guarded(place)
      let verdict: string | undefined
      const death = await at.order({ do: "try", reader, options, base64: bytes.toString("base64") }, (it) => {
        if (it.told !== "tried") return
        if (it.end.end === "wrong") verdict = `wrong: ${firstLine(it.end.what)}`
        else if (it.peakRssBytes > mostBytes) verdict = "memory"
        if (it.peakRssBytes > mostBytes) end()
      })
      if (death === undefined) return verdict
      end()
      return death.kind
    },
  }
}

const mostTries = { wrong: 2_000, other: 40 }

/** The smallest mutant found that ends as this one does, and how that is; the mutant itself where it ends well when it is read alone. */
export const minimize = async (
  seeds: ReadonlyArray<Seed>,
  seed: number,
  iteration: number,
  judge: Judge,
): Promise<{ readonly mutant: Mutant; readonly verdict: string | undefined }> => {
  let best = mutant(seeds, seed, iteration)
  const verdict = await judge(best)
  if (verdict === undefined) return { mutant: best, verdict }
  let left = verdict.startsWith("wrong") ? mostTries.wrong : mostTries.other
  const isAsBad = async (candidate: Mutant): Promise<boolean> => {
    if (left-- <= 0 || (await judge(candidate)) !== verdict) return false
    best = candidate
    return true
  }
  const dropped = new Set<number>()
  for (let step = 0; step < best.steps; step++) {
    if (!(await isAsBad(mutant(seeds, seed, iteration, (it) => it !== step && !dropped.has(it))))) continue
    dropped.add(step)
  }
  await isAsBad({ ...best, options: {} })
  for (let size = best.bytes.length >> 1; size >= 1 && left > 0; size >>= 1) {
    for (let at = 0; at < best.bytes.length && left > 0; ) {
      const bytes = Buffer.concat([best.bytes.subarray(0, at), best.bytes.subarray(at + size)])
      if (!(await isAsBad({ ...best, bytes }))) at += size
    }
  }
  return { mutant: best, verdict }
}
