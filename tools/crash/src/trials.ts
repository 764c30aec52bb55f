/**
 * What is tried on every scene: imports of every scenario, of both kinds of transactions and of sources, and their undo.
 *
 * @module
 */
import type { Trial } from "./matrix.ts"
import { mirrorImport } from "./mirrorImport.ts"
import type { Scene } from "./Scene.ts"
import { smallImport } from "./smallImport.ts"

/** All of them. */
export const trials: ReadonlyArray<Trial> = [
  { scenario: smallImport, goal: "import", transaction: "atomic", hashed: true },
  { scenario: smallImport, goal: "import", transaction: "batched", hashed: false },
  { scenario: smallImport, goal: "undo", transaction: "atomic", hashed: true },
  { scenario: smallImport, goal: "undo", transaction: "batched", hashed: true },
  { scenario: mirrorImport, goal: "import", transaction: "atomic", hashed: false },
  { scenario: mirrorImport, goal: "import", transaction: "batched", hashed: true },
  { scenario: mirrorImport, goal: "undo", transaction: "atomic", hashed: true },
  { scenario: mirrorImport, goal: "undo", transaction: "batched", hashed: true },
]

/** Those that a scene's sink can do. */
export const trialsOf = async (scene: Scene): Promise<ReadonlyArray<Trial>> => {
  const { close, sink } = await scene.worker()
  await close()
  return trials.filter(({ goal }) => goal === "import" || sink.undo !== undefined)
}
