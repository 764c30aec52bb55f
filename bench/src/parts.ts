/**
 * All parts of the benchmark, in the order they run.
 *
 * @module
 */
import { durabilityPart } from "./durabilityPart.ts"
import { filesPart } from "./filesPart.ts"
import { mongoPart } from "./mongoPart.ts"
import type { Part } from "./part.ts"
import { postgresPart } from "./postgresPart.ts"
import { stagesPart } from "./stagesPart.ts"

/** The parts. A new one is added here, and nowhere else. */
export const parts: ReadonlyArray<Part> = [postgresPart, mongoPart, stagesPart, durabilityPart, filesPart]
