/**
 * What is tried on every scene: imports of both kinds of transactions and of sources, and their undo.
 *
 * @module
 */
import type { Trial } from "./matrix.ts"
import type { Scene } from "./Scene.ts"

/** All of them. */
export const trials: ReadonlyArray<Trial> = [
  { goal: "import", transaction: "atomic", hashed: true },
  { goal: "import", transaction: "batched", hashed: false },
  { goal: "undo", transaction: "atomic", hashed: true },
  { goal: "undo", transaction: "batched", hashed: true },
]

/** Those that a scene's sink can do. */
export const trialsOf = async (scene: Scene): Promise<ReadonlyArray<Trial>> => {
  const { close, sink } = await scene.worker()
  await close()
  return trials.filter(({ goal }) => goal === "import" || sink.undo !== undefined)
}
